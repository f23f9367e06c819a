import type { Executors } from "../../../engine/action.ts";
import { rememberOnHost } from "./remember-host.ts";

export const removeLocale: Executors["removeLocale"] = {
  describe: ({ locale }) => locale,
  async apply({ locale }, io) {
    // 1: not in the archive.
    await io.run("localedef", ["--delete-from-archive", locale.replace(/\.UTF-8$/, ".utf8")], { accept: [0, 1] });
    await rememberOnHost(io.paths.state, () => ({ locale: undefined }));
  },
};

export const generateLocale: Executors["generateLocale"] = {
  describe: ({ locale }) => locale,
  async apply({ locale }, io) {
    const [language = "", charset = "UTF-8"] = locale.split(".");
    await io.run("localedef", ["--force", "-i", language, "-f", charset, locale], {
      // 1: made, with warnings of the locale's source.
      accept: [0, 1],
      install: "apt-get install locales",
    });
    await rememberOnHost(io.paths.state, () => ({ locale }));
  },
};
