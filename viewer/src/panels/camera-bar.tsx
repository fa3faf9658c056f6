import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import {
  IconArrowsShuffle,
  IconCamera,
  IconCar,
  IconChevronLeft,
  IconChevronRight,
  IconDrone,
  IconRotate360,
  IconSteeringWheel,
} from "@tabler/icons-react";
import type { Driver } from "../stage/drive";
import { CAMERAS, setView, useView, type CameraName } from "../view";

const ICONS: Record<CameraName, typeof IconCar> = {
  chase: IconCar,
  overhead: IconDrone,
  cockpit: IconSteeringWheel,
  trackside: IconCamera,
  orbit: IconRotate360,
  director: IconArrowsShuffle,
};

/** The car next to the one in view, in the order of the cars. */
export function neighbour(drivers: readonly Driver[], focus: string | undefined, by: 1 | -1): string | null {
  if (drivers.length === 0) return null;
  const at = drivers.findIndex((driver) => driver.agent_id === focus);
  return drivers[(at + by + drivers.length) % drivers.length]!.agent_id;
}

/** Chooses the camera and the car that it follows. */
export function CameraBar({ drivers, focus }: { drivers: readonly Driver[]; focus: string | undefined }) {
  const camera = useView((view) => view.camera);
  const shift = (by: 1 | -1) => setView({ focus: neighbour(drivers, focus, by) });
  const current = drivers.find((driver) => driver.agent_id === focus);
  return (
    <nav className="panel camerabar" aria-label="Camera">
      <ActionIcon variant="subtle" color="gray" aria-label="Previous car" onClick={() => shift(-1)}>
        <IconChevronLeft size={18} />
      </ActionIcon>
      <Menu position="top" withinPortal>
        <Menu.Target>
          <button className="car" aria-label={`Car in view: ${current?.name ?? "No car"}`}>
            <span className="swatch" style={{ background: current?.colour }} />
            {current?.name ?? "No car"}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setView({ focus: null })}>Whoever leads</Menu.Item>
          {drivers.map((driver) => (
            <Menu.Item
              key={driver.agent_id}
              leftSection={<span className="swatch" style={{ background: driver.colour }} />}
              onClick={() => setView({ focus: driver.agent_id })}
            >
              {driver.name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <ActionIcon variant="subtle" color="gray" aria-label="Next car" onClick={() => shift(1)}>
        <IconChevronRight size={18} />
      </ActionIcon>
      <span className="divider" />
      {CAMERAS.map((name, number) => {
        const Icon = ICONS[name];
        return (
          <Tooltip key={name} label={`${name} (${number + 1})`} openDelay={400}>
            <ActionIcon
              variant={camera === name ? "filled" : "subtle"}
              color={camera === name ? "accent" : "gray"}
              aria-label={`Camera: ${name}`}
              aria-pressed={camera === name}
              data-camera={name}
              onClick={() => setView({ camera: name })}
            >
              <Icon size={18} />
            </ActionIcon>
          </Tooltip>
        );
      })}
    </nav>
  );
}
