import { ColorInput, createTheme, Modal, type MantineColorsTuple } from "@mantine/core";

const accent: MantineColorsTuple = [
  "#e2fff4",
  "#c9fbe7",
  "#95f5d0",
  "#5eefb7",
  "#2ee6a6",
  "#1fdb9a",
  "#12c98c",
  "#05a873",
  "#00855b",
  "#006343",
];

const dark: MantineColorsTuple = [
  "#eef2f7",
  "#c6cfdb",
  "#9aa7b8",
  "#6d7b8e",
  "#3d4858",
  "#2a3340",
  "#1c232d",
  "#10151d",
  "#0a0d12",
  "#06080b",
];

/** Dark and sober, so that the race has the colours. */
export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: 4,
  autoContrast: true,
  colors: { accent, dark },
  fontFamily: "Barlow, system-ui, sans-serif",
  headings: { fontFamily: "'Barlow Condensed', Barlow, system-ui, sans-serif", fontWeight: "600" },
  defaultRadius: "sm",
  cursorType: "pointer",
  components: {
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
    ColorInput: ColorInput.extend({
      defaultProps: { eyeDropperButtonProps: { "aria-label": "Take a colour from the screen" } },
    }),
  },
});
