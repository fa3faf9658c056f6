import { Button } from "@mantine/core";
import { useCallback, useEffect, useRef, useState } from "react";
import { resetRace } from "../connection/rest";
import type { Race, Standing } from "../protocol/messages";
import { setView, useView } from "../view";
import { Cockpit } from "./cockpit";
import "./driving.css";
import { Gamepads } from "./gamepad";
import { JoinForm } from "./join";
import { Keyboard } from "./keyboard";
import { useProfile } from "./profile";
import { DriveSession, freshId, useDriving } from "./session";
import { Thumbs } from "./thumbs";
import { Touch } from "./touch";

interface Props {
  race: Race;
  base: string;
  standings: readonly Standing[];
  /** Ask at once who drives. */
  begin: boolean;
}

/** The button to drive oneself, and all that follows from pressing it. */
export function Driver({ race, base, standings, begin }: Props) {
  const phase = useDriving((driving) => driving.phase);
  const [asking, setAsking] = useState(begin);
  const [joined, setJoined] = useState(false);
  const leave = useCallback(() => setJoined(false), []);
  const over = phase === "refused";
  if (joined && !over) {
    return <AtTheWheel race={race} base={base} standings={standings} onLeave={leave} />;
  }
  return (
    <>
      <Button size="compact-sm" mt={6} onClick={() => setAsking(true)}>
        Drive
      </Button>
      <JoinForm
        race={race}
        opened={asking || over}
        onClose={() => {
          setAsking(false);
          setJoined(false);
          if (over) useDriving.setState({ phase: "idle", detail: "" });
        }}
        onJoin={() => {
          setAsking(false);
          useDriving.setState({ phase: "joining" });
          setJoined(true);
        }}
      />
    </>
  );
}

function AtTheWheel({ race, base, standings, onLeave }: Omit<Props, "begin"> & { onLeave: () => void }) {
  const session = useRef<DriveSession | null>(null);
  const [touch] = useState(() => new Touch());
  const raceId = race.id;

  useEffect(() => {
    const { name, colour, token } = useProfile.getState();
    const agent = { agent_id: freshId(), name, colour, policy: "human", race: raceId };
    const keyboard = new Keyboard();
    const respawn = () => session.current?.respawn();
    const driving = new DriveSession(base, agent, token, [keyboard, new Gamepads(respawn), touch]);
    session.current = driving;
    const { focus, camera } = useView.getState();
    setView({ focus: agent.agent_id, camera: camera === "cockpit" ? camera : "chase", presenting: false });
    const leaveKeys = takeKeys(keyboard, respawn, onLeave);
    const leavePage = () => driving.close();
    window.addEventListener("pagehide", leavePage);
    return () => {
      window.removeEventListener("pagehide", leavePage);
      leaveKeys();
      driving.close();
      setView({ focus, camera });
    };
  }, [base, raceId, touch, onLeave]);

  return (
    <>
      <Cockpit
        race={race}
        standings={standings}
        onRespawn={() => session.current?.respawn()}
        onAgain={() =>
          void resetRace(base, { race: raceId }, useProfile.getState().token).catch(console.warn)
        }
        onLeave={onLeave}
      />
      <Thumbs touch={touch} />
    </>
  );
}

/**
 * Give the driver's keys to the car, ahead of the page's shortcuts, until the returned function is called.
 *
 * Arrows, A and W so mean something else than for who watches; all other shortcuts stay.
 */
function takeKeys(keyboard: Keyboard, respawn: () => void, leave: () => void): () => void {
  const commands: Readonly<Record<string, () => void>> = { KeyR: respawn, Backspace: respawn, Escape: leave };
  const hear = (event: KeyboardEvent) => {
    const down = event.type === "keydown";
    const elsewhere =
      event.target instanceof Element && event.target.closest("input, textarea, [role=dialog]");
    if (elsewhere || (down && (event.ctrlKey || event.metaKey || event.altKey))) return;
    const command = commands[event.code];
    if (!keyboard.press(event.code, down) && !command) return;
    event.preventDefault();
    event.stopPropagation();
    if (down && !event.repeat) command?.();
  };
  const release = () => keyboard.release();
  window.addEventListener("keydown", hear, { capture: true });
  window.addEventListener("keyup", hear, { capture: true });
  window.addEventListener("blur", release);
  return () => {
    window.removeEventListener("keydown", hear, { capture: true });
    window.removeEventListener("keyup", hear, { capture: true });
    window.removeEventListener("blur", release);
  };
}
