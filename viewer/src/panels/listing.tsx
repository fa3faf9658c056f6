import { Table } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  label: string;
  /** What is in each column; "" for one that needs no words. */
  columns: readonly string[];
  /** Rows beyond this height are scrolled to [px]. */
  maxHeight?: number;
  /** Rows of Cells. */
  children: ReactNode;
}

/** A table whose head stays in view; on a phone each row is a card. */
export function Listing({ label, columns, maxHeight, children }: Props) {
  return (
    <div className="listing" style={{ maxHeight }} tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing={6} highlightOnHover stickyHeader>
        <Table.Thead>
          <Table.Tr>
            {columns.map((title, at) =>
              title ? <Table.Th key={title}>{title}</Table.Th> : <Table.Td key={at} />,
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}

/** A value of a row; `title` stands over it where the table's head is not shown. */
export function Cell({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <Table.Td className={title && "number"} data-title={title}>
      {children}
    </Table.Td>
  );
}
