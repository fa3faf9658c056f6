import { Button, ColorInput, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Race } from "../protocol/messages";
import { useProfile } from "./profile";
import { useDriving } from "./session";

/** Colours that tell cars apart on a road, as the service gives them to agents. */
const COLOURS = ["#ffd23f", "#ff5a36", "#2ec4ff", "#7ae582", "#c77dff", "#ff8fab", "#f4f1de", "#00f5d4"];

interface Props {
  race: Race;
  opened: boolean;
  onClose: () => void;
  onJoin: () => void;
}

/** Asks who wants to drive. */
export function JoinForm({ race, opened, onClose, onJoin }: Props) {
  const { name, colour, token } = useProfile();
  const refusal = useDriving((driving) => (driving.phase === "refused" ? driving.detail : ""));
  const [wanted, setWanted] = useState(false);
  const asksToken = wanted || token !== "" || /token/i.test(refusal);
  return (
    <Modal opened={opened} onClose={onClose} title={`Drive on ${race.track_name}`} size="sm" centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onJoin();
        }}
      >
        <Stack gap="sm">
          <TextInput
            label="Name"
            required
            maxLength={24}
            data-autofocus
            value={name}
            onChange={(event) => useProfile.setState({ name: event.currentTarget.value })}
          />
          <ColorInput
            label="Colour of the car"
            format="hex"
            swatches={COLOURS}
            swatchesPerRow={8}
            value={colour}
            onChange={(value) => useProfile.setState({ colour: value })}
          />
          {asksToken ? (
            <PasswordInput
              label="Token of the service"
              value={token}
              onChange={(event) => useProfile.setState({ token: event.currentTarget.value })}
            />
          ) : (
            <button type="button" className="link" onClick={() => setWanted(true)}>
              Give a token
            </button>
          )}
          <Text size="sm" c="dimmed">
            {race.contact
              ? "Cars hit one another in this race."
              : "Cars pass through one another in this race."}{" "}
            {race.state === "racing" && "You start in the next heat."}
          </Text>
          {refusal && (
            <Text size="sm" c="red.4" role="alert">
              {refusal}
            </Text>
          )}
          <Button type="submit">Drive</Button>
          <Text size="xs" c="dimmed">
            Arrows or WASD; Space brakes, R back to the last checkpoint, Esc leaves. Gamepad: triggers or A
            and B, left stick, Y. Touch: slide on the left, pedals on the right.
          </Text>
        </Stack>
      </form>
    </Modal>
  );
}
