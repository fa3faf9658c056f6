import { Button, ColorInput, FileButton, Group, Select, Stack, TextInput } from "@mantine/core";
import { FONTS, type Branding, type FontName } from "./deck";

/** Name, logo, colours and font of the deck. */
export function BrandForm({
  branding,
  onChange,
}: {
  branding: Branding;
  onChange: (branding: Branding) => void;
}) {
  const { colours } = branding;
  const colour = (name: keyof typeof colours, label: string) => (
    <ColorInput
      label={label}
      value={colours[name]}
      onChange={(value) => onChange({ ...branding, colours: { ...colours, [name]: value } })}
    />
  );
  const takeLogo = (file: File | null) => {
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => onChange({ ...branding, logo: reader.result as string });
    reader.readAsDataURL(file);
  };
  return (
    <Stack gap="xs">
      <TextInput
        label="Name"
        value={branding.name}
        onChange={(event) => onChange({ ...branding, name: event.currentTarget.value })}
      />
      <Group justify="space-between">
        <img src={branding.logo} alt="Logo" height={40} />
        <FileButton accept="image/png,image/jpeg,image/webp,image/svg+xml" onChange={takeLogo}>
          {(button) => (
            <Button size="xs" variant="default" {...button}>
              Choose a logo
            </Button>
          )}
        </FileButton>
      </Group>
      {colour("background", "Background")}
      {colour("ink", "Words")}
      {colour("accent", "Accent")}
      <Select
        label="Font"
        allowDeselect={false}
        data={Object.keys(FONTS)}
        value={branding.font}
        onChange={(font) => font && onChange({ ...branding, font: font as FontName })}
      />
    </Stack>
  );
}
