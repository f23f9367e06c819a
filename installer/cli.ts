import { outliveReaders } from "../lib/outlive-readers.ts";
import { main } from "./cli/main.ts";

outliveReaders(process);
process.exitCode = await main(process.argv.slice(2));
