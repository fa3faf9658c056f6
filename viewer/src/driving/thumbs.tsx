import { useRef, type PointerEvent } from "react";
import type { Touch } from "./touch";

/** Where thumbs drive: on the left half one slides to steer, on the right are the pedals. */
export function Thumbs({ touch }: { touch: Touch }) {
  const knob = useRef<HTMLSpanElement>(null);
  const turn = () => {
    const steering = touch.read()?.steering ?? 0;
    knob.current!.style.transform = `translateX(${steering * 70}px)`;
  };
  const lift = () => {
    touch.straighten();
    turn();
  };
  return (
    <div className="thumbs">
      <div
        className="thumb-wheel"
        aria-label="Steering: slide"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          touch.steer(event.clientX);
          turn();
        }}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          touch.steer(event.clientX);
          turn();
        }}
        onPointerUp={lift}
        onPointerCancel={lift}
      >
        <span className="thumb-rail">
          <span ref={knob} />
        </span>
      </div>
      <Pedal touch={touch} pedal="brake" label="Brake" />
      <Pedal touch={touch} pedal="gas" label="Gas" />
    </div>
  );
}

function Pedal({ touch, pedal, label }: { touch: Touch; pedal: "gas" | "brake"; label: string }) {
  const set = (down: boolean) => (event: PointerEvent<HTMLButtonElement>) => {
    if (down) event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.dataset["down"] = String(down);
    touch.pedal(pedal, down);
  };
  return (
    <button
      className={`thumb-pedal ${pedal}`}
      onPointerDown={set(true)}
      onPointerUp={set(false)}
      onPointerCancel={set(false)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {label}
    </button>
  );
}
