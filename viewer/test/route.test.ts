import { expect, it } from "vitest";
import { pathRemarks } from "../src/route";

it("knows its pages, with and without a slash at the end", () => {
  for (const path of ["/", "/replays", "/replays/", "/training", "/presentation/"]) {
    expect(pathRemarks(path)).toEqual([]);
  }
});

it("names a path that is no page's", () => {
  expect(pathRemarks("/nowhere")).toEqual([
    "the path is «/nowhere», expected one of /, /replays, /training, /presentation.",
  ]);
});
