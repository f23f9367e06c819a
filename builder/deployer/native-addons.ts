/** What ssh2 would load if it were compiled, and does without: no bundle has it. */
export const nativeAddons = ["*.node", "cpu-features"] as const;
