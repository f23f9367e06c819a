/** Every owner is the user who runs the tests: they need no root. */
export async function ownIds(): Promise<{ uid: number; gid: number }> {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
