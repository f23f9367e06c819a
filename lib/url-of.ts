/** `http://10.1.1.120:8000/health`, `http://[fd00::120]:8000/health`. */
export function urlOf(address: string, port: number, path: string): string {
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}${path}`;
}
