import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Socket, type Status } from "../../src/connection/socket";
import { VersionMismatch } from "../../src/protocol/frames";

/** The browser's WebSocket, as far as Socket uses it. */
class Wire {
  static readonly OPEN = 1;
  static made: Wire[] = [];
  readyState = Wire.OPEN;
  onopen?: () => void;
  onmessage?: (event: { data: unknown }) => void;
  onclose?: (event: { reason: string }) => void;

  constructor() {
    Wire.made.push(this);
  }

  close(): void {
    this.onclose?.({ reason: "" });
  }
}

let told: [Status, string][];
let fails: (() => never) | null;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Wire);
  vi.stubGlobal("window", globalThis);
  Wire.made = [];
  told = [];
  fails = null;
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function connected(): Socket {
  const socket = new Socket("ws://here", {
    status: (status, detail) => told.push([status, detail]),
    text: () => fails?.(),
    binary: () => fails?.(),
  });
  Wire.made[0]!.onopen?.();
  return socket;
}

it("tells of a frame that cannot be read, and connects again", () => {
  const socket = connected();
  fails = () => {
    throw new RangeError("The frame is cut off.");
  };
  Wire.made[0]!.onmessage?.({ data: new ArrayBuffer(3) });
  expect(told.at(-1)).toEqual(["waiting", "What came cannot be read: The frame is cut off."]);
  vi.runOnlyPendingTimers();
  expect(Wire.made).toHaveLength(2);
  socket.close();
});

it("takes no text that is no JSON for an error of its own", () => {
  const socket = connected();
  fails = () => JSON.parse("{") as never;
  Wire.made[0]!.onmessage?.({ data: "{" });
  expect(told.at(-1)![0]).toBe("waiting");
  socket.close();
});

it("stays away from another version", () => {
  connected();
  fails = () => {
    throw new VersionMismatch(99);
  };
  Wire.made[0]!.onmessage?.({ data: new ArrayBuffer(3) });
  vi.runOnlyPendingTimers();
  expect(told.at(-1)![0]).toBe("mismatch");
  expect(Wire.made).toHaveLength(1);
});
