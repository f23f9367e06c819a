// What packages of CommonJS take for granted, in a bundle that is a module. Of a bundle of bundles
// it is there more than once: var may be, and an import's name may not. A module may have a `process` of
// its own, which esbuild does not know to be meant otherwise here.
var require = globalThis.process.getBuiltinModule("node:module").createRequire(import.meta.url);
var [__dirname, __filename] = [import.meta.dirname, import.meta.filename];
