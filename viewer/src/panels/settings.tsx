import { ActionIcon, Popover, SegmentedControl, Stack, Switch, Text, Tooltip } from "@mantine/core";
import { IconAdjustmentsHorizontal } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Tier } from "../scene/types";
import { setView, TIERS, TRAILS, useView, WEATHERS } from "../view";

const TRAIL_LABELS = { agent: "By agent", speed: "By speed", off: "Off" };

const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1);

/** How the picture looks: trails, LIDAR, weather, quality. */
export function Settings({ tier }: { tier: Tier }) {
  const { trails, lidar, labels, weather, quality } = useView();
  return (
    <Popover position="bottom-end" shadow="lg" width={340} trapFocus>
      <Popover.Target>
        <Tooltip label="Picture" openDelay={400}>
          <ActionIcon variant="subtle" color="gray" aria-label="Settings of the picture">
            <IconAdjustmentsHorizontal size={20} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <Choice label="Trails (T)">
            <SegmentedControl
              fullWidth
              size="xs"
              aria-label="Trails"
              value={trails}
              data={TRAILS.map((value) => ({ value, label: TRAIL_LABELS[value] }))}
              onChange={(value) => setView({ trails: value })}
            />
          </Choice>
          <Choice label="Weather (W)">
            <SegmentedControl
              fullWidth
              size="xs"
              aria-label="Weather"
              value={weather}
              data={WEATHERS.map((value) => ({ value, label: capital(value) }))}
              onChange={(value) => setView({ weather: value })}
            />
          </Choice>
          <Choice label={quality === "auto" ? `Quality: ${tier}, by the speed of this machine` : "Quality"}>
            <SegmentedControl
              fullWidth
              size="xs"
              aria-label="Quality"
              value={quality}
              data={["auto" as const, ...TIERS].map((value) => ({ value, label: capital(value) }))}
              onChange={(value) => setView({ quality: value })}
            />
          </Choice>
          <Switch
            size="sm"
            label="Names over the cars"
            checked={labels}
            onChange={(event) => setView({ labels: event.currentTarget.checked })}
          />
          <Switch
            size="sm"
            label="LIDAR beams of the car in view (L)"
            checked={lidar}
            onChange={(event) => setView({ lidar: event.currentTarget.checked })}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={4}>
        {label}
      </Text>
      {children}
    </div>
  );
}
