import { describe, expect, it } from "vitest";
import { resolveAddresses, socketAddress } from "../../src/connection/addresses";

const page = (search = "") => ({ protocol: "http:", hostname: "pit.lane", search });

describe("addresses of the services", () => {
  it("are the page's host at the usual ports unless told otherwise", () => {
    expect(resolveAddresses(page(), {})).toEqual({
      environment: "http://pit.lane:8080",
      model: "http://pit.lane:8081",
    });
  });

  it("come from the server's configuration, and first from the page's address", () => {
    const config = { environment: "http://a:1", model: "none" };
    expect(resolveAddresses(page(), config)).toEqual({ environment: "http://a:1", model: null });
    const search = "?environment=https://b:2/&model=http://c:3";
    expect(resolveAddresses(page(search), config)).toEqual({
      environment: "https://b:2",
      model: "http://c:3",
    });
  });

  it.each(["pit", "ftp://pit", "http://", "http://pit:99999", "http://pit?x=1", "none"])(
    "are refused in words when they are none: %s",
    (environment) => {
      expect(() => resolveAddresses(page(`?environment=${encodeURIComponent(environment)}`), {})).toThrow(
        `environment is «${environment}», expected the address of a service, e.g. http://pit.lane:8080.`,
      );
    },
  );

  it("turn into those of WebSockets", () => {
    expect(socketAddress("https://b:2", "/api/watch")).toBe("wss://b:2/api/watch");
  });
});
