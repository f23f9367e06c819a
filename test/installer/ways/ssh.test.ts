import { everyPromise } from "./every-promise.ts";

everyPromise("ssh");
