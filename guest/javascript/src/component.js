// What a component exports, made of the rules of a class.

import { explain } from "./explain.js";
import { numberOf } from "./keys.js";
import { Standard } from "./standard.js";

/**
 * The exports of a policy with the rules of a class, for a host. The policy is made at the first request, from its settings;
 * an error of its own code is logged, so that the host can say what it was, and fails the call.
 */
export function exportsOf(Rules, host) {
  let standard = null;

  const parsed = (json) => (json.trim() === "" ? {} : JSON.parse(json) ?? {});

  const started = () => (standard ??= new Standard(host, new Rules(parsed(host.settings.json()))));

  const refusalText = (code, detail) => {
    const own = (Rules.refusals ?? []).find((refusal) => refusal.code === code);
    const words = Rules.refusalText?.(code, numberOf(detail));
    if (words) return words;
    if (own) return { code: own.name, message: own.text };
    return { code: "UNKNOWN", message: `the policy has no refusal of its own numbered ${code}` };
  };

  const reported = (run) => (...values) => {
    try {
      return run(...values);
    } catch (error) {
      const place = String(error?.stack ?? "").trim().split("\n")[0] ?? "";
      host.log.write("error", `${error} ${place}`.trim());
      throw error;
    }
  };

  return {
    policy: {
      checkSettings(json) {
        try {
          new Rules(parsed(json));
        } catch (error) {
          // A text is the error of the contract.
          throw String(error?.message ?? error);
        }
      },
      resolve: reported((request) => started().resolve(request)),
      resolveBatch: reported((requests) => requests.map((request) => started().resolve(request))),
      refusalText: reported(refusalText),
    },
    explain: { explain: reported((request) => explain(started(), refusalText, request)) },
  };
}
