import { Button, Group, Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useProfile } from "../driving/profile";
import { TokenField } from "./token-field";

interface Props {
  title: string;
  /** What the button says. */
  verb: string;
  disabled?: boolean;
  /** Change the service, with this token. */
  run: (token: string) => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
  children: ReactNode;
}

/** A question before a service is changed; asks for the token when the service wants one. */
export function Change({ title, verb, disabled = false, run, onClose, onDone, children }: Props) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const submit = async () => {
    setBusy(true);
    try {
      await run(useProfile.getState().token);
      onDone();
      onClose();
    } catch (error) {
      setRefusal((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={title} centered>
      {children}
      <TokenField refusal={refusal} />
      {refusal && <p role="alert">{refusal}</p>}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={busy} disabled={disabled} onClick={() => void submit()}>
          {verb}
        </Button>
      </Group>
    </Modal>
  );
}
