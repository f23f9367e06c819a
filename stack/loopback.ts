/** Where servers listen, and the machine's own programs find them: no change of the machine's addresses matters. */
export const loopback = "127.0.0.1";
