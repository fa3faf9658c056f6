import { Component, type ReactNode } from "react";
import { Notice } from "./notice";

/** Says what went wrong where a page could not be drawn, instead of leaving nothing. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <Notice
        title="This page cannot be shown"
        action={{ label: "Load it again", run: () => window.location.reload() }}
      >
        {error.message}
      </Notice>
    );
  }
}
