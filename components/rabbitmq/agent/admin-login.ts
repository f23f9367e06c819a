import type { Io } from "../../../engine/action.ts";
import type { ManagementLogin } from "./management.ts";

const user = "stack-admin";

/** The administrator's login at the management API. */
export async function adminLogin(port: number, io: Pick<Io, "secret">): Promise<ManagementLogin> {
  return { port, user, password: await io.secret("rabbitmq.admin") };
}
