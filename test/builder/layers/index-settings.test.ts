import t from "tap";
import { fromPipConfig } from "../../../builder/layers/python/index-settings.ts";

t.test("pip's index becomes uv's default index, the further ones its indexes", async (t) => {
  const text = [
    "global.index-url='https://pypi.example.org/simple'",
    "global.extra-index-url='\\nhttps://one.example.org/simple\\nhttps://two.example.org/simple'",
    "global.trusted-host='pypi.example.org'",
    "global.timeout='60'",
  ].join("\n");
  t.same(fromPipConfig(text), {
    UV_DEFAULT_INDEX: "https://pypi.example.org/simple",
    UV_INDEX: "https://one.example.org/simple https://two.example.org/simple",
    UV_INSECURE_HOST: "pypi.example.org",
  });
});

t.test("the environment's setting, which pip lists later, wins", async (t) => {
  const text = "global.index-url='https://a.example.org'\n:env:.index-url='https://b.example.org'\n";
  t.same(fromPipConfig(text), { UV_DEFAULT_INDEX: "https://b.example.org" });
});

t.test("where pip has no index of its own uv gets none", async (t) => {
  t.same(fromPipConfig("global.cert='/etc/ssl/certs/ca-certificates.crt'\n"), {});
});
