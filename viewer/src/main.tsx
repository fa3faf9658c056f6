import "@fontsource/barlow/latin-400.css";
import "@fontsource/barlow/latin-500.css";
import "@fontsource/barlow/latin-600.css";
import "@fontsource/barlow-condensed/latin-600.css";
import "@fontsource/barlow-condensed/latin-700.css";
import "@fontsource/barlow-condensed/latin-700-italic.css";
import "@mantine/core/styles.css";
import "./style.css";
import { MantineProvider } from "@mantine/core";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { findAddresses } from "./connection/addresses";
import { Notice } from "./panels/notice";
import { findBrand } from "./presentation/brand";
import { remark } from "./remarks";
import { pathRemarks } from "./route";
import { theme } from "./theme";
import { viewOf } from "./view";

// The scene writes on canvases, which do not wait for a font as the page does.
await Promise.all(
  ["600 16px Barlow", "700 16px 'Barlow Condensed'"].map((font) => document.fonts.load(font)),
);
await findBrand();
const { pathname, search } = window.location;
remark([...pathRemarks(pathname), ...viewOf(new URLSearchParams(search))]);
const page = await findAddresses().then(
  (addresses) => <App addresses={addresses} />,
  (error: Error) => (
    <Notice
      title="This page does not know where its services are"
      action={{ label: "Use the usual ones", run: () => window.location.assign("/") }}
    >
      {error.message}
    </Notice>
  ),
);
createRoot(document.getElementById("root")!).render(
  <MantineProvider theme={theme} forceColorScheme="dark">
    {page}
  </MantineProvider>,
);
