import { describe, expect, it } from "vitest";
import { withValues } from "../../src/connection/curves";

const message = (step: number, value: number) => ({
  type: "metrics" as const,
  run: "one",
  agent_id: "ada",
  step,
  seconds: step / 100,
  values: { "train/return": value },
});
const fetched = { one: { "train/return": { step: [100, 200], seconds: [1, 2], value: [5, 6] } } };

describe("live values of learning curves", () => {
  it("are put at the ends of those that were fetched, each once", () => {
    const after = [message(200, 6), message(300, 7)].reduce(withValues, fetched);
    expect(after["one"]!["train/return"]).toEqual({
      step: [100, 200, 300],
      seconds: [1, 2, 3],
      value: [5, 6, 7],
    });
    expect(fetched.one["train/return"].step).toHaveLength(2);
  });

  it("begin the curves of a run that was not known", () => {
    expect(withValues({}, message(100, 5))["one"]!["train/return"]!.value).toEqual([5]);
  });

  it("are thinned when there are too many, and keep their span", () => {
    const steps = Array.from({ length: 4000 }, (_, at) => at);
    const long = { one: { "train/return": { step: steps, seconds: steps, value: steps } } };
    const { step } = withValues(long, message(4000, 1))["one"]!["train/return"]!;
    expect([step.length, step[0], step.at(-1)]).toEqual([2001, 0, 4000]);
  });
});
