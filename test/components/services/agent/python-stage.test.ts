import t from "tap";
import { pythonStage, type VenvFacts } from "../../../../components/services/agent/python-stage.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const model = stackModel();
const whole: VenvFacts = {
  service: "frontend",
  venv: "/opt/s/venvs/frontend",
  unit: "s-frontend.service",
  lock: "/opt/s/services/frontend/releases/0/requirements.lock",
  wanted: "aa",
  found: "aa",
  there: true,
};

t.test("a venv is made where it is missing, not whole, or from another lock", async (t) => {
  const why = (facts: Partial<VenvFacts>) =>
    pythonStage.plan([{ ...whole, ...facts }], model).actions.map((action) => action.why);
  t.same(why({}), []);
  t.same(why({ found: undefined }), ["missing or not whole"]);
  t.same(why({ found: "bb" }), ["made from another lock"]);
});

t.test("a missing lock is a problem that names it", async (t) => {
  t.match(pythonStage.preflight([{ ...whole, wanted: undefined }], model), [
    { code: "lock-missing", message: /frontend .*requirements\.lock/ },
  ]);
  t.same(pythonStage.preflight([whole], model), []);
});

t.test(
  "a service that came after the template has no lock of the template's, and its releases their own venvs",
  async (t) => {
    const later = { ...whole, wanted: undefined, found: undefined, there: false, deployed: true };
    t.same(pythonStage.preflight([later], model), []);
    t.same(pythonStage.plan([later], model).actions, []);
  },
);
