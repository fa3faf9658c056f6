import { ActionIcon, Button, Group, Menu, Tabs, TextInput } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowDown,
  IconArrowUp,
  IconCopy,
  IconPlus,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
import type { Addresses } from "../connection/addresses";
import { SLIDE_KINDS, type Branding } from "./deck";
import type { Draft, Edit } from "./edit";
import { BrandForm } from "./brand-form";
import { Files } from "./files";
import { SlideForm } from "./slide-form";

interface Props {
  name: string;
  draft: Draft;
  /** The deck's, or the page's where the deck has none. */
  branding: Branding;
  /** What is wrong with the deck, as sentences. */
  problems: readonly string[];
  addresses: Addresses;
  onEdit: (edit: Edit) => void;
  onClose: () => void;
}

/** Changes the deck beside its slides; what is right is kept in this browser at once. */
export function Editor({ name, draft, branding, problems, addresses, onEdit, onClose }: Props) {
  const { deck, at, past } = draft;
  const slide = deck.slides[at]!;
  return (
    <aside className="editor" aria-label="Editor">
      <Group justify="space-between" wrap="nowrap">
        <TextInput
          aria-label="Title of the deck"
          flex={1}
          value={deck.title}
          onChange={(event) => onEdit({ do: "rename", title: event.currentTarget.value })}
        />
        <ActionIcon variant="subtle" color="gray" aria-label="Close the editor" onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </Group>
      {problems.length > 0 && (
        <ul className="editor-problems" role="alert">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <Tabs defaultValue="slides" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="slides">Slides</Tabs.Tab>
          <Tabs.Tab value="brand">Branding</Tabs.Tab>
          <Tabs.Tab value="file">File</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="slides">
          <Tools edit={onEdit} undoable={past.length > 0} alone={deck.slides.length === 1} />
          <ol className="editor-slides">
            {deck.slides.map((one, number) => (
              <li key={number}>
                <button
                  aria-current={number === at || undefined}
                  onClick={() => onEdit({ do: "select", at: number })}
                >
                  <b>{number + 1}</b> {one.title || "Untitled"} <small>{one.kind}</small>
                </button>
              </li>
            ))}
          </ol>
          <SlideForm
            key={at}
            slide={slide}
            addresses={addresses}
            onChange={(changed) => onEdit({ do: "change", slide: changed })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="brand">
          <BrandForm branding={branding} onChange={(changed) => onEdit({ do: "brand", branding: changed })} />
        </Tabs.Panel>
        <Tabs.Panel value="file">
          <Files name={name} draft={draft} valid={problems.length === 0} />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}

function Tools({ edit, undoable, alone }: { edit: (edit: Edit) => void; undoable: boolean; alone: boolean }) {
  const tool = (label: string, Icon: typeof IconCopy, does: Edit, disabled = false) => (
    <ActionIcon
      variant="default"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={() => edit(does)}
    >
      <Icon size={16} />
    </ActionIcon>
  );
  return (
    <Group gap={6} mb={8}>
      <Menu>
        <Menu.Target>
          <Button size="xs" leftSection={<IconPlus size={14} />}>
            Add slide
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {SLIDE_KINDS.map((kind) => (
            <Menu.Item key={kind} onClick={() => edit({ do: "add", kind })}>
              {kind}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {tool("Duplicate", IconCopy, { do: "duplicate" })}
      {tool("Move up", IconArrowUp, { do: "move", by: -1 })}
      {tool("Move down", IconArrowDown, { do: "move", by: 1 })}
      {tool("Delete", IconTrash, { do: "delete" }, alone)}
      {tool("Undo", IconArrowBackUp, { do: "undo" }, !undoable)}
    </Group>
  );
}
