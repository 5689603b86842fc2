import { expect, it } from "vitest";
import { deviceName } from "../../src/ui/device";

it("a device has the name that its browser gives", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
  expect(deviceName(chrome)).toBe("Chrome on Linux");
  expect(deviceName(`${chrome} Edg/156.0`)).toBe("Edge on Linux");
  expect(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1")).toBe(
    "Safari on iPhone",
  );
  expect(deviceName("curl/8.1")).toBe("curl");
  expect(deviceName("")).toBe("Unknown device");
});
