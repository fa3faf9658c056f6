import { Tooltip } from "@mantine/core";
import { IconHelp, IconPresentation } from "@tabler/icons-react";
import type { Status } from "../connection/socket";
import { useEnvironment } from "../connection/environment";
import { useModel } from "../connection/model";
import { useBrand } from "../presentation/brand";
import { DEFAULT_BRANDING } from "../presentation/deck";
import { addressOf, PAGES, type Page } from "../route";
import type { Tier } from "../scene/types";
import { setView } from "../view";
import { IconButton } from "./icon-button";
import { Link } from "./link";
import { Settings } from "./settings";

const TITLES: Record<Page, string> = {
  live: "Live",
  replays: "Replays",
  training: "Training",
  presentation: "Presentation",
};

const SAYS: Record<Status | "absent", string> = {
  connecting: "connecting…",
  open: "connected",
  waiting: "is not there: waiting…",
  mismatch: "speaks another protocol",
  absent: "not used",
};

interface HeaderProps {
  page: Page;
  /** What the picture is drawn with; null on a page without one. */
  tier: Tier | null;
}

/** The name, the pages, how the services are, and what can be set. */
export function Header({ page, tier }: HeaderProps) {
  const brand = useBrand();
  return (
    <header className="header">
      <Link href={addressOf("live")} className="brand">
        <img src={brand.logo} alt="" width={30} height={30} />
        <span className="wordmark">
          {brand === DEFAULT_BRANDING ? (
            <>
              Track<b>Mania</b> <i>RL</i>
            </>
          ) : (
            brand.name
          )}
        </span>
      </Link>
      <nav aria-label="Pages">
        {(Object.keys(PAGES) as Page[]).map((one) => (
          <Link
            key={one}
            href={addressOf(one)}
            className="tab"
            aria-current={one === page ? "page" : undefined}
          >
            {TITLES[one]}
          </Link>
        ))}
      </nav>
      <div className="header-end">
        <Services />
        {tier && <Settings tier={tier} />}
        {tier && (
          <span className="wide-only">
            <IconButton
              label="Presentation"
              hint="Presentation (P)"
              onClick={() => setView({ presenting: true })}
            >
              <IconPresentation size={20} />
            </IconButton>
          </span>
        )}
        <IconButton label="Keys" hint="Keys (?)" onClick={() => setView({ helping: true })}>
          <IconHelp size={20} />
        </IconButton>
      </div>
    </header>
  );
}

function Services() {
  const environment = useEnvironment((state) => state.status);
  const model = useModel((state) => state.status);
  return (
    <div className="services">
      <Service name="Environment" status={environment} />
      {model !== "absent" && <Service name="Model" status={model} />}
    </div>
  );
}

function Service({ name, status }: { name: string; status: Status | "absent" }) {
  return (
    <Tooltip label={`${name} service: ${SAYS[status]}`}>
      <span
        className="service"
        data-status={status}
        role="status"
        aria-label={`${name} service ${SAYS[status]}`}
      >
        <span className="lamp" />
        <span className="wide-only">{name}</span>
      </span>
    </Tooltip>
  );
}
