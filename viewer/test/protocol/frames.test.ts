import { describe, expect, it } from "vitest";
import { decodePoses, VersionMismatch } from "../../src/protocol/frames";

/** Two rows of three columns at tick -150, as `protocol/frames.py` packs them: "<HBBIIi" and float32. */
function frame({ magic = 0x4d54, version = 1, kind = 1, rows = 2 } = {}): ArrayBuffer {
  const data = new ArrayBuffer(16 + 24);
  const view = new DataView(data);
  view.setUint16(0, magic, true);
  view.setUint8(2, version);
  view.setUint8(3, kind);
  view.setUint32(4, rows, true);
  view.setUint32(8, 3, true);
  view.setInt32(12, -150, true);
  for (let k = 0; k < 6; k++) view.setFloat32(16 + 4 * k, k + 0.5, true);
  return data;
}

describe("pose frames", () => {
  it("are read", () => {
    const { time, rows, columns, values } = decodePoses(frame());
    expect([time, rows, columns]).toEqual([-1.5, 2, 3]);
    expect([...values]).toEqual([0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
  });

  it("begin with the bytes that Python writes", () => {
    // struct.Struct("<HBBIIi").pack(0x4D54, 1, 1, 2, 3, -150)
    const header = "544d010102000000030000006affffff";
    expect(Buffer.from(frame()).subarray(0, 16).toString("hex")).toBe(header);
  });

  it("of another protocol are told apart from broken ones", () => {
    expect(() => decodePoses(frame({ version: 2 }))).toThrow(VersionMismatch);
    expect(() => decodePoses(frame({ version: 2 }))).toThrow(/protocol 2, this page speaks 1/);
    expect(() => decodePoses(frame({ magic: 1 }))).toThrow(/0x1, expected 0x4d54/);
    expect(() => decodePoses(frame({ kind: 3 }))).toThrow(/kind 3/);
    expect(() => decodePoses(frame({ rows: 3 }))).toThrow(/3 x 3 has 52 bytes, got 40/);
    expect(() => decodePoses(new ArrayBuffer(7))).toThrow(/7 bytes/);
  });

  it("that are damaged are read as far as they fit, or refused in words", () => {
    const whole = Buffer.from(frame());
    const cut = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length));
    const flipped = Array.from({ length: 8 * whole.length }, (_, bit) => {
      const copy = Buffer.from(whole);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      return copy;
    });
    let refused = 0;
    for (const bytes of [...cut, ...flipped]) {
      try {
        const { rows, columns, values } = decodePoses(Uint8Array.from(bytes).buffer);
        expect(values).toHaveLength(rows * columns);
      } catch (error) {
        expect(error instanceof RangeError || error instanceof VersionMismatch).toBe(true);
        expect((error as Error).message).toMatch(/^(A|The) .*\.$/);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThanOrEqual(cut.length + 8 * 12); // every cut, and all of the header but the clock
  });
});
