interface Tree {
  type: string;
  value?: string;
  children?: Tree[];
}

/** A Markdown step that makes raw HTML the text that it is. */
export function htmlAsText() {
  return (tree: Tree): void => {
    const visit = (node: Tree): void => {
      for (const child of node.children ?? []) {
        if (child.type === 'html') child.type = 'text';
        else visit(child);
      }
    };
    visit(tree);
  };
}
