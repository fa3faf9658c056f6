import { Button, FileButton, Select, Stack } from "@mantine/core";
import { useState } from "react";
import { addressOf, go } from "../route";
import { readDeck } from "./reading";
import type { Draft } from "./edit";
import { forgetDeck, saveToFile, storeDeck, storedDecks } from "./library";

/** Files with decks, decks in this browser, and paper. */
export function Files({ name, draft, valid }: { name: string; draft: Draft; valid: boolean }) {
  const [refused, setRefused] = useState("");
  const show = (deck: string) => go(addressOf("presentation", { deck }));
  const open = async (file: File | null) => {
    if (!file) return;
    try {
      const title = file.name.replace(/\.json$/, "").replaceAll("/", "-");
      storeDeck(title, readDeck(await file.text()));
      if (title === name) window.location.reload();
      else show(title);
    } catch (error) {
      setRefused((error as Error).message);
    }
  };
  return (
    <Stack gap="xs">
      <Button disabled={!valid} onClick={() => saveToFile(name, draft.deck)}>
        Save to a file
      </Button>
      <FileButton accept="application/json,.json" onChange={(file) => void open(file)}>
        {(button) => (
          <Button variant="default" {...button}>
            Open a file
          </Button>
        )}
      </FileButton>
      {refused && (
        <p className="editor-problems" role="alert">
          {refused}
        </p>
      )}
      <Button variant="default" onClick={() => go(addressOf("presentation", { deck: name, print: "1" }))}>
        Print, or save as PDF
      </Button>
      <Select
        label="Decks in this browser"
        placeholder="None yet: a change keeps one"
        data={storedDecks()}
        value={name}
        onChange={(stored) => stored && show(stored)}
      />
      <Button
        variant="subtle"
        color="red"
        disabled={!storedDecks().includes(name)}
        onClick={() => {
          forgetDeck(name);
          window.location.reload();
        }}
      >
        Forget the changes in this browser
      </Button>
    </Stack>
  );
}
