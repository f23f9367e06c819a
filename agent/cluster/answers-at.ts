import { connect } from "node:net";

/** Milliseconds. */
const patience = 2_000;

/** Whether somebody answers there by TCP, soon. */
export function answersAt(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), patience);
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
