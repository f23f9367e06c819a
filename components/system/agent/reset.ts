import type { Action } from "../../../engine/action.ts";
import { joinResets, resetComponent, resetData } from "../../../engine/plan/reset-component.ts";
import type { ResetPlan, ResetWish } from "../../../engine/stage.ts";
import { agentCache } from "../../../stack/machine-paths.ts";
import type { Model } from "../../../stack/model.ts";
import { planLeftJobs } from "./left-jobs.ts";
import type { SystemFacts } from "./system-facts.ts";

/** Last of all: the agent's own files, users, packages; and what it knows, with the data. */
export function resetSystem(facts: SystemFacts, model: Model, wish: ResetWish): ResetPlan {
  const { paths } = model;
  const { own } = facts;
  const tree = (there: boolean, path: string, why: string): Action[] =>
    there ? [{ do: "removeTree", why, args: { path } }] : [];
  return joinResets(
    { actions: planLeftJobs(facts.leftJobs), kept: [] },
    ...facts.components.map((component) => resetComponent(component, wish)),
    { actions: wish.baked ? [] : [...resetUsers(facts, model), ...resetPackages(facts, wish)], kept: [] },
    { actions: tree(own.cache, agentCache, "can be made again"), kept: [] },
    resetData(own.state ? [paths.state] : [], wish),
    { actions: wish.data ? [] : forget(facts), kept: [] },
    { actions: tree(own.run, paths.run, "how provisioning stood"), kept: [] },
  );
}

function resetUsers({ accounts }: SystemFacts, model: Model): Action[] {
  const there = (name: string): boolean => !accounts.includes(name);
  const users = model.users.map(({ name }) => name).filter(there);
  const groups = [...new Set(model.users.flatMap((user) => user.groups.map(({ name }) => name)))].filter(there);
  if (users.length + groups.length === 0) return [];
  return [{ do: "removeUsers", why: "made for the stack", args: { users, groups } }];
}

function resetPackages({ bare }: SystemFacts, wish: ResetWish): Action[] {
  const packages = (bare?.brought ?? []).filter(({ removed }) => wish.data || !removed).map(({ name }) => name);
  const locale = bare?.host?.locale;
  return [
    ...(locale === undefined
      ? []
      : [{ do: "removeLocale", why: "generated for the stack", args: { locale } } as const]),
    ...(packages.length === 0
      ? []
      : [
          // Debian's database packages take their data along when they are purged.
          { do: "removePackages", why: "installed for the stack", args: { packages, purge: wish.data } } as const,
        ]),
  ];
}

function forget({ bare }: SystemFacts): Action[] {
  if (bare?.host === undefined || bare.host.reset !== undefined) return [];
  return [{ do: "forgetHost", why: "the machine is its admin's again", args: {} }];
}
