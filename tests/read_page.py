"""What a page holds."""

from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Text, ids and addresses of a page; `unclosed` lists tags that do not match."""

    def __init__(self, source):
        super().__init__()
        self.open, self.unclosed, self.text, self.ids, self.links, self.tags = [], [], [], [], [], []
        self.feed(source)
        self.unclosed += self.open

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href"):
                self.links.append(value)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def read(path):
    return Page(path.read_text(encoding="utf-8"))
