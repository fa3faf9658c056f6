import { ActionIcon, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  /** What it does, for those who do not see the icon. */
  label: string;
  /** The words under the pointer, such as the label with its key. */
  hint?: string;
  /** Of a button that stays pressed. */
  pressed?: boolean;
  onClick: () => void;
  children: ReactNode;
}

/** A button that is an icon, with words under the pointer. */
export function IconButton({ label, hint = label, pressed, onClick, children }: Props) {
  return (
    <Tooltip label={hint} openDelay={400}>
      <ActionIcon
        variant={pressed ? "light" : "subtle"}
        color={pressed ? "accent" : "gray"}
        aria-label={label}
        aria-pressed={pressed}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
