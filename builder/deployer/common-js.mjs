// What packages of CommonJS take for granted, in a bundle that is a module.
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const [__dirname, __filename] = [import.meta.dirname, import.meta.filename];
