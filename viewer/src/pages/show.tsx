import { useCallback, useEffect, useRef } from "react";
import { useEnvironment } from "../connection/environment";
import { Notice } from "../panels/notice";
import type { ShowMessage } from "../protocol/messages";

interface Props {
  show: ShowMessage;
  /** The environment service is there. */
  here: boolean;
  address: string;
}

/** An environment that is not ours: its own pictures where the race would be drawn. */
export function ShowPage({ show, here, address }: Props) {
  const picture = useEnvironment((environment) => environment.picture);
  if (!here) return <Notice title="The environment service is gone" busy />;
  if (show.worlds === 0) {
    return (
      <Notice title={show.env} busy>
        Nobody learns here yet: <code>trackmania-rl train --env {address}</code>
      </Notice>
    );
  }
  return (
    <section className="show" aria-label={show.env}>
      {picture === null ? <p>{show.trouble ?? "Waiting for a picture…"}</p> : <Screen />}
      <dl className="panel">
        <Figure name="environment">{show.env}</Figure>
        <Figure name="worlds">{show.worlds}</Figure>
        <Figure name="episode">{show.episode}</Figure>
        <Figure name="step">{show.step}</Figure>
        <Figure name="return">{show.episode_return.toFixed(2)}</Figure>
        <Figure name="action">{show.action.map((value) => value.toFixed(2)).join("  ")}</Figure>
      </dl>
    </section>
  );
}

function Figure({ name, children }: { name: string; children: string | number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The newest picture; one that is still being decoded when the next comes is left out. */
function Screen() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const busy = useRef(false);
  const draw = useCallback(async () => {
    const { picture } = useEnvironment.getState();
    const context = canvas.current?.getContext("2d");
    if (!picture || !context || busy.current) return;
    busy.current = true;
    try {
      const image = await createImageBitmap(picture.jpeg);
      Object.assign(context.canvas, { width: picture.width, height: picture.height });
      context.drawImage(image, 0, 0);
      image.close();
    } finally {
      busy.current = false;
    }
  }, []);
  useEffect(() => {
    void draw();
    return useEnvironment.subscribe(() => void draw());
  }, [draw]);
  return <canvas ref={canvas} role="img" aria-label="What the environment draws" />;
}
