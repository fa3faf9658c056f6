import { Button, CloseButton, Loader } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  children?: ReactNode;
  /** Something is being waited for. */
  busy?: boolean;
  action?: { label: string; run: () => void };
}

/** What a page says when it has nothing to show: loading, empty, gone or wrong. */
export function Notice({ title, children, busy = false, action }: Props) {
  return (
    <section className="notice panel" role={busy ? "status" : undefined}>
      <img src="/logo.svg" alt="" width={48} height={48} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {busy && <Loader size="sm" type="dots" aria-label="Waiting" />}
      {action && (
        <Button size="xs" variant="light" onClick={action.run}>
          {action.label}
        </Button>
      )}
    </section>
  );
}

interface BannerProps {
  children: ReactNode;
  /** Put it away, where the reader can. */
  onClose?: () => void;
}

/** What is amiss with a page that goes on, over it. */
export function Banner({ children, onClose }: BannerProps) {
  return (
    <div className="panel banner" role="status">
      <div>{children}</div>
      {onClose && <CloseButton size="sm" aria-label="Close" onClick={onClose} />}
    </div>
  );
}
