import { expect, it, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
const { useView, viewOf } = await import("../src/view");

const asked = (query: string) => viewOf(new URLSearchParams(query));

it("looks as an address says", () => {
  expect(asked("camera=cockpit&weather=fog&quality=auto&trails=off&focus=ada&present")).toEqual([]);
  expect(useView.getState()).toMatchObject({
    camera: "cockpit",
    weather: "fog",
    quality: "auto",
    trails: "off",
    focus: "ada",
    presenting: true,
  });
});

it("says what an address asks for and cannot have, and leaves that as it was", () => {
  const before = useView.getState();
  expect(asked("trails=some&camera=")).toEqual([
    "camera is «», expected one of chase, overhead, cockpit, trackside, orbit, director.",
    "trails is «some», expected one of agent, speed, off.",
  ]);
  expect(useView.getState()).toEqual(before);
});
