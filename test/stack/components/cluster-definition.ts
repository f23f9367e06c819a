/** A stack of three machines. @param more sections of stack.yaml */
export function clusterDefinition(more: string): string {
  return `name: shop
version: 1.0.0
container: {network: {address: 10.1.1.121/24, gateway: 10.1.1.1}}
cluster: {nodes: {a: 10.1.1.121, b: 10.1.1.122, c: 10.1.1.123}}
services: {web: {port: 8001}, till: {port: 8002}}
${more}`;
}
