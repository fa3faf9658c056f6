/** Where the services are. */
export interface Addresses {
  /** Base address of the environment service, without a slash at the end. */
  environment: string;
  /** Base address of the model service; null when there is to be none. */
  model: string | null;
}

const PORTS = { environment: 8080, model: 8081 };

/** An address that the page's server lets the page talk to. */
const ADDRESS = /^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?\/*$/;

/** Word for "there is no such service", in the page's address and in /config.json. */
const NO_SERVICE = "none";

/**
 * The addresses from the page's own (`?environment=…&model=…`), else from the server's configuration,
 * else the page's host at the usual ports.
 *
 * @throws Error when one of them is not the address of a service.
 */
export function resolveAddresses(
  location: Pick<Location, "protocol" | "hostname" | "search">,
  config: { environment?: string; model?: string },
): Addresses {
  const query = new URLSearchParams(location.search);
  const address = (service: keyof typeof PORTS) => {
    const usual = `${location.protocol}//${location.hostname}:${PORTS[service]}`;
    const given = query.get(service) || config[service];
    if (!given) return usual;
    if (!ADDRESS.test(given) || !URL.canParse(given)) {
      throw new Error(`${service} is «${given}», expected the address of a service, e.g. ${usual}.`);
    }
    return given.replace(/\/+$/, "");
  };
  const unwanted = (query.get("model") || config.model) === NO_SERVICE;
  return { environment: address("environment"), model: unwanted ? null : address("model") };
}

/** Ask the page's server where the services are; a server without that answer is no error. */
export async function findAddresses(): Promise<Addresses> {
  const answer = await fetch("/config.json").catch(() => null);
  const isConfig = answer?.ok && answer.headers.get("content-type")?.includes("json");
  const config = isConfig ? ((await answer.json()) as { environment?: string; model?: string }) : {};
  return resolveAddresses(window.location, config);
}

/** The address of a WebSocket at a service. */
export function socketAddress(base: string, path: string): string {
  return base.replace(/^http/, "ws") + path;
}
