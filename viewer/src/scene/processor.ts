/** What draws: a graphics processor, or the computer's own processor in its place. */

import type { WebGLRenderer } from "three";

/** Names of what draws on the computer's processor. */
const SOFTWARE = /llvmpipe|swiftshader|softpipe|software/i;

/** Name of the graphics processor, as far as the browser tells. */
export function processorOf(renderer: WebGLRenderer): string {
  const gl = renderer.getContext();
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(extension?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
}

/** Whether the computer's own processor draws, which pays dearly for what a graphics processor does for nothing. */
export function isSoftware(renderer: WebGLRenderer): boolean {
  return SOFTWARE.test(processorOf(renderer));
}
