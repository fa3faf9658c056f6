import { create } from "zustand";
import { socketAddress } from "../connection/addresses";
import { liveClock, useEnvironment } from "../connection/environment";
import { addAgent, removeAgent } from "../connection/rest";
import { Socket } from "../connection/socket";
import { DELAY_DRIVING, DELAY_WATCHING } from "../playback/live-clock";
import {
  PROTOCOL_VERSION,
  type Action,
  type ActionAnswer,
  type AgentAdd,
  type DriveHello,
  type StreamMessage,
} from "../protocol/messages";
import { RELEASED, together, type Device } from "./controls";
import { keepBest } from "./profile";
import { NO_SPLITS, withEvent, type Splits } from "./splits";

/** Devices are read this often [ms], so that what changes is on its way before the next step. */
const READ_MS = 1000 / 60;

interface Driving {
  /** "lost": the connection is gone and will be made again. */
  phase: "idle" | "joining" | "driving" | "lost" | "refused";
  /** Why it was refused or lost. */
  detail: string;
  agentId: string | null;
  /** Why the own heat is over; "" while it goes on. */
  cause: string;
  splits: Splits;
  /** Whether the last finish was one's own best on the track. */
  isBest: boolean;
  /** Steps in which no action of ours had arrived. */
  late: number;
  /** From a pedal's press to the first picture of it [ms]; null before the first press. */
  response: number | null;
}

const IDLE: Driving = {
  phase: "idle",
  detail: "",
  agentId: null,
  cause: "",
  splits: NO_SPLITS,
  isBest: false,
  late: 0,
  response: null,
};

/** How one's own drive stands. */
export const useDriving = create<Driving>(() => IDLE);

/** An id that nobody else has taken. */
export const freshId = () =>
  `you-${crypto.getRandomValues(new Uint16Array(1))[0]!.toString(16).padStart(4, "0")}`;

/**
 * Drives one car of a race from this page, until it is closed.
 *
 * Every step that the service announces is answered with what the devices ask for; what changes between
 * two steps is sent at once, because the service takes the newest action when the step begins. A lost
 * connection is made again, and the car joined anew.
 */
export class DriveSession {
  private readonly socket: Socket;
  private readonly timer: number;
  private readonly unsubscribe: () => void;
  private welcomed = false;
  private closed = false;
  private seq = 0;
  private acknowledged = -1;
  private sent: Action = RELEASED;
  private pressed: number | null = null;
  private row = new Float32Array(0);

  /**
   * @param base Address of the environment service.
   * @param agent Who drives.
   * @param token The service's token; "" where it wants none.
   * @param devices What is driven with.
   */
  constructor(
    private readonly base: string,
    private readonly agent: AgentAdd,
    private readonly token: string,
    private readonly devices: readonly Device[],
  ) {
    useDriving.setState({ ...IDLE, phase: "joining", agentId: agent.agent_id });
    liveClock.stayBehind(DELAY_DRIVING);
    this.socket = new Socket(socketAddress(base, "/api/stream"), {
      status: (status, detail) => {
        if (status === "open") void this.join();
        else if (status === "mismatch") this.refuse(detail);
        else if (status === "waiting") {
          this.welcomed = false;
          useDriving.setState(({ detail: said }) => ({ phase: "lost", detail: detail || said }));
        }
      },
      text: (text) => this.receive(JSON.parse(text) as StreamMessage | ActionAnswer),
    });
    this.timer = window.setInterval(() => this.poll(), READ_MS);
    let heard = useEnvironment.getState().events.at(-1)?.number ?? 0;
    this.unsubscribe = useEnvironment.subscribe(({ events }) => {
      for (const event of events) {
        if (event.number <= heard) continue;
        heard = event.number;
        useDriving.setState(({ splits }) => ({ splits: withEvent(splits, event, agent.agent_id) }));
        if (event.kind === "finish" && event.agent_id === agent.agent_id) this.finished(event.time);
      }
    });
  }

  /** Put the car back to its last checkpoint. */
  respawn(): void {
    this.send({ respawn: true });
  }

  /** Leave the race. */
  close(): void {
    this.closed = true;
    this.stop();
    useDriving.setState(IDLE);
    this.leave();
  }

  private leave(): void {
    removeAgent(this.base, this.agent.agent_id, this.token).catch(() => undefined); // it may be gone
  }

  private async join(): Promise<void> {
    try {
      await addAgent(this.base, this.agent, this.token);
    } catch (error) {
      if (!this.closed) this.refuse((error as Error).message);
      return;
    }
    if (this.closed) return this.leave(); // it was joined after it had left
    const hello: DriveHello = {
      type: "drive",
      protocol: PROTOCOL_VERSION,
      agent_id: this.agent.agent_id,
      push: true,
      ...(this.token && { token: this.token }),
    };
    this.socket.send(JSON.stringify(hello));
  }

  private receive(message: StreamMessage | ActionAnswer): void {
    if (!("type" in message)) return this.step(message);
    if (message.type === "welcome") {
      this.welcomed = true;
      this.acknowledged = -1;
      useDriving.setState({ phase: "driving", detail: "" });
    } else if (message.type === "error" && this.welcomed) this.refuse(message.detail);
    else useDriving.setState({ detail: message.detail }); // the stream closes, and is opened again
  }

  /** A step of 50 ms begins. */
  private step({ seq, done, info }: ActionAnswer): void {
    const late = seq !== undefined && seq === this.acknowledged && !done;
    this.acknowledged = seq ?? -1;
    const cause = done ? (info.cause ?? "") : "";
    if (late || cause !== useDriving.getState().cause) {
      useDriving.setState((state) => ({ cause, late: state.late + Number(late) }));
    }
    this.read();
    this.send();
  }

  private poll(): void {
    if (!this.welcomed) return;
    if (this.read()) this.send();
    if (this.pressed === null || this.drawnGas() !== this.sent.gas) return;
    useDriving.setState({ response: performance.now() - this.pressed });
    this.pressed = null;
  }

  /** Read the devices; true when they ask for something else than before. */
  private read(): boolean {
    const now = performance.now();
    const before = this.sent;
    this.sent = together(this.devices.map((device) => device.read(now / 1000)));
    const { gas, brake, steering } = this.sent;
    if (gas !== before.gas && useEnvironment.getState().race?.state === "racing") this.pressed = now;
    return gas !== before.gas || brake !== before.brake || steering !== before.steering;
  }

  private send(extra: { respawn?: true } = {}): void {
    if (!this.welcomed) return;
    this.seq += 1;
    this.socket.send(
      JSON.stringify({
        agent_id: this.agent.agent_id,
        action: this.sent,
        timestamp: new Date().toISOString(),
        seq: this.seq,
        ...extra,
      }),
    );
  }

  /** The gas pedal of our car in the picture that was drawn last. */
  private drawnGas(): number | undefined {
    const { race, buffer } = useEnvironment.getState();
    const car = race?.cars.findIndex((one) => one.agent_id === this.agent.agent_id) ?? -1;
    if (!buffer || car < 0) return undefined;
    if (this.row.length !== buffer.layout.columns) this.row = new Float32Array(buffer.layout.columns);
    if (!buffer.row(car, liveClock.time, this.row)) return undefined;
    return Math.round(this.row[buffer.layout.index["gas"]!]!);
  }

  private finished(time: number): void {
    const { race } = useEnvironment.getState();
    const { splits } = useDriving.getState();
    if (race) useDriving.setState({ isBest: keepBest(race.track_hash, { time, splits: splits.own }) });
  }

  private refuse(detail: string): void {
    this.stop();
    useDriving.setState({ ...IDLE, phase: "refused", detail });
  }

  private stop(): void {
    this.welcomed = false;
    window.clearInterval(this.timer);
    this.unsubscribe();
    this.socket.close();
    liveClock.stayBehind(DELAY_WATCHING);
  }
}
