import { VersionMismatch } from "../protocol/frames";

/** How a connection stands. */
export type Status = "connecting" | "open" | "waiting" | "mismatch";

/** What a connection tells its owner. */
interface Listener {
  /** The status changed; `detail` says why, for people. */
  status(status: Status, detail: string): void;
  text(message: string): void;
  binary?(data: ArrayBuffer): void;
}

/** First and longest pause before the next attempt [ms] (guess). */
const RETRY_FIRST_MS = 500;
const RETRY_LAST_MS = 5000;

/** A WebSocket that connects again, with growing pauses, until it is closed. */
export class Socket {
  private socket: WebSocket | null = null;
  private timer = 0;
  private pause = RETRY_FIRST_MS;
  private closed = false;
  private trouble = "";

  constructor(
    private readonly address: string,
    private readonly listener: Listener,
  ) {
    this.connect();
  }

  /** Send a text; false when there is no connection to send it on. */
  send(text: string): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(text);
    return true;
  }

  /** Close it for good. */
  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    this.socket?.close();
  }

  private connect(): void {
    if (this.closed) return;
    this.listener.status("connecting", "");
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.trouble = "";
      this.listener.status("open", "");
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.receive(event.data);
    socket.onclose = (event) => {
      if (this.closed) return;
      this.listener.status("waiting", event.reason || this.trouble);
      this.timer = window.setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(RETRY_LAST_MS, this.pause * 1.6);
    };
    this.socket = socket;
  }

  private receive(data: string | ArrayBuffer): void {
    if (this.closed) return;
    try {
      if (typeof data === "string") this.listener.text(data);
      else this.listener.binary?.(data);
      this.pause = RETRY_FIRST_MS;
    } catch (error) {
      if (error instanceof VersionMismatch) {
        this.close();
        this.listener.status("mismatch", error.message);
        return;
      }
      if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
      this.trouble = `What came cannot be read: ${error.message}`; // a new connection begins anew
      this.socket?.close();
    }
  }
}
