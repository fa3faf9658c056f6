import { PasswordInput } from "@mantine/core";
import { useProfile } from "../driving/profile";

/** The field for a service's token, where one is known or a refusal asks for one. */
export function TokenField({ refusal }: { refusal: string }) {
  const token = useProfile((profile) => profile.token);
  if (token === "" && !/token/i.test(refusal)) return null;
  return (
    <PasswordInput
      mt="sm"
      label="Token of the service"
      value={token}
      onChange={(event) => useProfile.setState({ token: event.currentTarget.value })}
    />
  );
}
