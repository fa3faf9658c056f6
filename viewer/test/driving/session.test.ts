import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DriveSession, useDriving } from "../../src/driving/session";

/** The browser's WebSocket, as far as a session uses it. */
class Wire {
  static readonly OPEN = 1;
  static newest: Wire;
  readyState = Wire.OPEN;
  sent: string[] = [];
  onopen?: () => void;
  onclose?: (event: { reason: string }) => void;

  constructor() {
    Wire.newest = this;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.onclose?.({ reason: "" });
  }
}

/** The requests so far: method and path, and what answers each. */
let asked: { what: string; answer: (response: Response) => void }[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Wire);
  vi.stubGlobal("window", globalThis);
  asked = [];
  vi.stubGlobal("fetch", (address: string, { method }: RequestInit) => {
    return new Promise<Response>((answer) => {
      asked.push({ what: `${method} ${new URL(address).pathname}`, answer });
    });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function joining(): DriveSession {
  const session = new DriveSession("http://here", { agent_id: "ada" }, "", []);
  Wire.newest.onopen?.();
  return session;
}

const settled = () => vi.advanceTimersByTimeAsync(0);

it("joins the race first, and drives then", async () => {
  joining();
  expect(asked.map(({ what }) => what)).toEqual(["POST /api/agents/add"]);
  expect(Wire.newest.sent).toEqual([]);
  asked[0]!.answer(Response.json({}));
  await settled();
  expect(JSON.parse(Wire.newest.sent[0]!)).toMatchObject({ type: "drive", agent_id: "ada", push: true });
});

it("tells why it was refused", async () => {
  joining();
  asked[0]!.answer(Response.json({ detail: "the race is full" }, { status: 409 }));
  await settled();
  expect(useDriving.getState()).toMatchObject({ phase: "refused", detail: "the race is full" });
});

it("leaves again when it was left before it had joined", async () => {
  joining().close();
  asked[0]!.answer(Response.json({}));
  await settled();
  expect(asked.map(({ what }) => what)).toEqual([
    "POST /api/agents/add",
    "DELETE /api/agents/ada",
    "DELETE /api/agents/ada",
  ]);
  expect(Wire.newest.sent).toEqual([]);
});

it("says nothing of a refusal that comes after it was left", async () => {
  joining().close();
  asked[0]!.answer(Response.json({ detail: "the race is full" }, { status: 409 }));
  await settled();
  expect(useDriving.getState().phase).toBe("idle");
});
