import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import typescript from "typescript-eslint";

const NO_WALL_CLOCK = ["Date", "performance"].map((name) => ({
  name,
  message: "The scene is a pure function of the time it is given: it reads no clock.",
}));

export default defineConfig(
  globalIgnores(["node_modules", "src/protocol/messages.ts"]),
  typescript.configs.strict,
  hooks.configs.flat["recommended-latest"],
  {
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off", // typed arrays and Map look-ups that cannot fail
    },
  },
  {
    files: ["src/scene/**/*.ts"],
    rules: { "no-restricted-globals": ["error", ...NO_WALL_CLOCK] },
  },
);
