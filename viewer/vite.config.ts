import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/trackmania_rl/viewer/static",
    emptyOutDir: true,
    target: "es2023",
    chunkSizeWarningLimit: 1200, // kB; three alone is about 700
    rolldownOptions: {
      input: ["index.html", "render.html"],
      output: {
        codeSplitting: {
          groups: [
            { name: "three", test: /node_modules\/(three|postprocessing|camera-controls)/ },
            // What writes video files is fetched when somebody wants one.
            { name: "interface", test: /node_modules\/(?!mediabunny)/ },
          ],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.ts", "test/**/*.test.ts"] },
});
