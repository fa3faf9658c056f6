import { ActionIcon, Button, Checkbox, Menu, NativeSelect, Table, TextInput } from "@mantine/core";
import { IconDotsVertical, IconPlayerPlayFilled, IconSearch, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useRetryOnReturn } from "../connection/environment";
import { getReplays, replayFile, useRemote } from "../connection/rest";
import { bytes, moment, raceTime } from "../format";
import { Cell, Listing } from "../panels/listing";
import { Notice } from "../panels/notice";
import { DeleteReplay, UploadReplay } from "../panels/replay-store";
import { TrackThumb } from "../panels/track-thumb";
import { found as foundIn, ORDERS, type Order, type Search } from "../playback/shelf";
import type { ReplaySummary } from "../protocol/messages";
import { addressOf, go } from "../route";
import { useTitle } from "../title";

/** Replays compared at once. */
const COMPARED_MOST = 8;

const open = (ids: readonly string[]) => go(addressOf("replays", { replay: ids.join(",") }));

/** The recorded races, newest first; one opens, several of a track are compared. */
export function ReplaysPage({ base }: { base: string }) {
  const replays = useRemote(base, () => getReplays(base));
  useRetryOnReturn(replays);
  useTitle("Replays");
  if (replays.state === "loading") return <Notice title="Replays" busy />;
  if (replays.state === "failed") {
    return (
      <Notice title="The replays could not be listed" action={{ label: "Try again", run: replays.retry }}>
        {replays.error.message}
      </Notice>
    );
  }
  if (replays.value.length === 0) {
    return (
      <Notice title="No replays yet" action={{ label: "Look again", run: replays.retry }}>
        Every heat of a race is recorded when it ends.
      </Notice>
    );
  }
  return <ReplayTable base={base} replays={replays.value} onChange={replays.retry} />;
}

interface TableProps {
  base: string;
  replays: readonly ReplaySummary[];
  /** The service has others now. */
  onChange: () => void;
}

const NOTHING_ASKED: Search = { text: "", track: "", result: "", since: "", order: "newest" };

function ReplayTable({ base, replays, onChange }: TableProps) {
  const [search, setSearch] = useState(NOTHING_ASKED);
  const [leaving, setLeaving] = useState<ReplaySummary | null>(null);
  const [uploading, setUploading] = useState(false);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const ask = (part: Partial<Search>) => setSearch((before) => ({ ...before, ...part }));
  const found = foundIn(replays, search);
  const tracks = new Map(replays.map((replay) => [replay.track, replay.track_name]));
  const track = replays.find((replay) => replay.id === chosen[0])?.track_hash;
  return (
    <main className="page">
      <div className="page-head">
        <h1>Replays</h1>
        <TextInput
          size="sm"
          aria-label="Search by track or driver"
          placeholder="Track or driver"
          leftSection={<IconSearch size={16} />}
          value={search.text}
          onChange={(event) => ask({ text: event.currentTarget.value })}
        />
        <NativeSelect
          aria-label="Track"
          value={search.track}
          onChange={(event) => ask({ track: event.currentTarget.value })}
          data={[
            { value: "", label: "All tracks" },
            ...[...tracks].map(([value, label]) => ({ value, label })),
          ]}
        />
        <NativeSelect
          aria-label="Result"
          value={search.result}
          onChange={(event) => ask({ result: event.currentTarget.value as Search["result"] })}
          data={[
            { value: "", label: "Any result" },
            { value: "finished", label: "Finished" },
            { value: "unfinished", label: "Not finished" },
          ]}
        />
        <TextInput
          type="date"
          aria-label="Recorded since"
          value={search.since}
          onChange={(event) => ask({ since: event.currentTarget.value })}
        />
        <NativeSelect
          aria-label="Order"
          value={search.order}
          onChange={(event) => ask({ order: event.currentTarget.value as Order })}
          data={ORDERS.map((order) => ({ value: order, label: order[0]!.toUpperCase() + order.slice(1) }))}
        />
        <Button
          size="sm"
          variant="default"
          leftSection={<IconUpload size={16} />}
          onClick={() => setUploading(true)}
        >
          Upload
        </Button>
        <Button size="sm" disabled={chosen.length < 2} onClick={() => open(chosen)}>
          {chosen.length < 2 ? "Choose two to compare" : `Compare ${chosen.length}`}
        </Button>
      </div>
      <Listing label="Recorded races" columns={["", "Track", "Drivers", "Length", "Recorded", ""]}>
        {found.map((replay) => (
          <Table.Tr
            key={replay.id}
            data-replay={replay.id}
            className="replay"
            onClick={() => open([replay.id])}
          >
            <Table.Td onClick={(event) => event.stopPropagation()}>
              <Checkbox
                size="xs"
                aria-label={`Compare ${replay.track_name}, ${moment(replay.recorded)}`}
                checked={chosen.includes(replay.id)}
                disabled={
                  !chosen.includes(replay.id) &&
                  (chosen.length >= COMPARED_MOST || (track !== undefined && replay.track_hash !== track))
                }
                onChange={() =>
                  setChosen((ids) =>
                    ids.includes(replay.id) ? ids.filter((id) => id !== replay.id) : [...ids, replay.id],
                  )
                }
              />
            </Table.Td>
            <Table.Td>
              <div className="replay-track">
                <TrackThumb base={base} replay={replay} />
                <b>{replay.track_name}</b>
                {replay.complete === false && <small className="cut"> cut off</small>}
              </div>
            </Table.Td>
            <Table.Td>
              <Drivers replay={replay} />
            </Table.Td>
            <Cell title="Length">{raceTime(replay.duration)}</Cell>
            <Cell title="Recorded">
              {moment(replay.recorded)} <small>{bytes(replay.size_bytes)}</small>
            </Cell>
            <Table.Td onClick={(event) => event.stopPropagation()}>
              <div className="replay-open">
                <Button
                  size="compact-sm"
                  variant="light"
                  leftSection={<IconPlayerPlayFilled size={12} />}
                  onClick={() => open([replay.id])}
                >
                  Watch
                </Button>
                <Menu position="bottom-end">
                  <Menu.Target>
                    <ActionIcon variant="subtle" color="gray" aria-label={`More about ${replay.id}`}>
                      <IconDotsVertical size={16} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    {(["mcap", "csv", "json"] as const).map((format) => (
                      <Menu.Item
                        key={format}
                        component="a"
                        href={replayFile(base, replay.id, format)}
                        download
                      >
                        Download {format.toUpperCase()}
                      </Menu.Item>
                    ))}
                    <Menu.Item color="red" onClick={() => setLeaving(replay)}>
                      Delete …
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              </div>
            </Table.Td>
          </Table.Tr>
        ))}
      </Listing>
      {found.length === 0 && <p className="quiet">No replay fits.</p>}
      {leaving && (
        <DeleteReplay
          base={base}
          replay={leaving}
          onClose={() => setLeaving(null)}
          onDone={() => {
            setChosen((ids) => ids.filter((id) => id !== leaving.id));
            onChange();
          }}
        />
      )}
      {uploading && <UploadReplay base={base} onClose={() => setUploading(false)} onDone={onChange} />}
    </main>
  );
}

function Drivers({ replay }: { replay: ReplaySummary }) {
  const best = [...replay.cars].sort((a, b) => Number(b.finished) - Number(a.finished) || a.time - b.time);
  return (
    <ul className="drivers">
      {best.slice(0, 4).map((car) => (
        <li key={car.agent_id}>
          <span className="swatch" style={{ background: car.colour }} />
          {car.name} <span className="number">{car.finished ? raceTime(car.time, 3) : "did not finish"}</span>
        </li>
      ))}
      {best.length > 4 && <li>and {best.length - 4} more</li>}
    </ul>
  );
}
