/**
 * Binary frames as `protocol/frames.py` writes them: a 16-byte header and little-endian float32 rows.
 */

import { FRAME_HEADER_SIZE, FRAME_MAGIC, FrameKind, PROTOCOL_VERSION } from "./messages";

/** Seconds in a tick of the simulator, the unit of a pose frame's clock. */
export const TICK = 0.01;

/** The other side speaks another version of the protocol. */
export class VersionMismatch extends Error {
  constructor(readonly theirs: number) {
    super(
      `The service speaks protocol ${theirs}, this page speaks ${PROTOCOL_VERSION}: update the older of the two and reload.`,
    );
  }
}

/** All cars of a race at one tick. */
export interface PoseFrame {
  /** Race clock [s]; negative while the countdown runs. */
  time: number;
  rows: number;
  columns: number;
  /** rows x columns numbers; the columns are named by `Race.pose_fields`. */
  values: Float32Array;
}

/** A picture of a hosted environment. */
export interface Picture {
  /** Step of the episode. */
  step: number;
  width: number;
  height: number;
  jpeg: Blob;
}

/** What a frame begins with; of a pose frame `seq` is its tick. */
interface Header {
  kind: number;
  rows: number;
  columns: number;
  seq: number;
}

/**
 * Read what a frame begins with.
 *
 * @throws VersionMismatch when the frame is of another protocol version.
 * @throws RangeError when the bytes are no frame of ours.
 */
export function decodeHeader(data: ArrayBuffer): Header {
  if (data.byteLength < FRAME_HEADER_SIZE) {
    throw new RangeError(
      `A frame of ${data.byteLength} bytes is shorter than its header of ${FRAME_HEADER_SIZE}.`,
    );
  }
  const header = new DataView(data, 0, FRAME_HEADER_SIZE);
  const magic = header.getUint16(0, true);
  if (magic !== FRAME_MAGIC) {
    throw new RangeError(
      `The frame begins with 0x${magic.toString(16)}, expected 0x${FRAME_MAGIC.toString(16)}.`,
    );
  }
  const version = header.getUint8(2);
  if (version !== PROTOCOL_VERSION) throw new VersionMismatch(version);
  return {
    kind: header.getUint8(3),
    rows: header.getUint32(4, true),
    columns: header.getUint32(8, true),
    seq: header.getInt32(12, true),
  };
}

/**
 * Read a picture frame.
 *
 * @throws VersionMismatch when the frame is of another protocol version.
 * @throws RangeError when the bytes are no picture frame.
 */
export function decodePicture(data: ArrayBuffer): Picture {
  const { kind, rows, columns, seq } = decodeHeader(data);
  if (kind !== FrameKind.PICTURE)
    throw new RangeError(`The frame is of kind ${kind}, expected ${FrameKind.PICTURE}, a picture.`);
  const jpeg = new Blob([data.slice(FRAME_HEADER_SIZE)], { type: "image/jpeg" });
  return { step: seq, width: columns, height: rows, jpeg };
}

/**
 * Read a pose frame.
 *
 * @throws VersionMismatch when the frame is of another protocol version.
 * @throws RangeError when the bytes are no pose frame, or cut off.
 */
export function decodePoses(data: ArrayBuffer): PoseFrame {
  const { kind, rows, columns, seq } = decodeHeader(data);
  if (kind !== FrameKind.POSES)
    throw new RangeError(`The frame is of kind ${kind}, expected ${FrameKind.POSES}, poses.`);
  const bytes = rows * columns * Float32Array.BYTES_PER_ELEMENT;
  if (data.byteLength !== FRAME_HEADER_SIZE + bytes) {
    throw new RangeError(
      `A frame of ${rows} x ${columns} has ${FRAME_HEADER_SIZE + bytes} bytes, got ${data.byteLength}.`,
    );
  }
  return {
    time: seq * TICK,
    rows,
    columns,
    values: new Float32Array(data, FRAME_HEADER_SIZE, rows * columns),
  };
}
