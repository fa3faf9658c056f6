import { Kbd, Modal, Table } from "@mantine/core";
import { setView, useView } from "../view";

/** Keys and what they do, as shown by `?` and in docs/viewer.md. */
export const KEYS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [["1", "2", "3", "4", "5"], "Camera: chase, overhead, cockpit, trackside, orbit"],
  [["6"], "Director: the cameras cut by themselves"],
  [["←", "→"], "Other car"],
  [["0"], "Follow whoever leads"],
  [["T"], "Trails: by agent, by speed, off"],
  [["L"], "LIDAR beams on and off"],
  [["W"], "Next weather"],
  [["A"], "Panel of the agents on and off"],
  [["P"], "Presentation on and off"],
  [["F"], "Full screen"],
  [["Space"], "Replay: play and pause"],
  [[",", "."], "Replay: one step back, ahead"],
  [["J", "K"], "Replay: 5 s back, ahead"],
  [["[", "]"], "Replay: slower, faster"],
  [["N", "B"], "Replay: next, previous event"],
  [["R"], "Replay: backwards"],
  [["U", "I"], "Replay: loop from here, to here"],
  [["O"], "Replay: loop on and off"],
  [["C"], "Replay: comparison along the track"],
  [["S"], "Replay: two pictures side by side"],
  [["?"], "These keys"],
];

/** The keys, in a window of its own. */
export function Help() {
  const helping = useView((view) => view.helping);
  return (
    <Modal opened={helping} onClose={() => setView({ helping: false })} title="Keys" size="md" centered>
      <Table withRowBorders={false} verticalSpacing={4}>
        <Table.Tbody>
          {KEYS.map(([keys, does]) => (
            <Table.Tr key={does}>
              <Table.Td w={170}>
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
