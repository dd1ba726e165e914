//! Rows on pages. Everything is reckoned in whole tenths of a point from the top left.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::glyphs::{encoded, fitting, width};

/// A4.
const WIDTH: i32 = 5_953;
const HEIGHT: i32 = 8_419;
/// Where rows begin and end.
pub(super) const LEFT: i32 = 567;
pub(super) const RIGHT: i32 = WIDTH - LEFT;
const TOP: i32 = 620;
const BOTTOM: i32 = HEIGHT - 700;
const LINE: i32 = 140;
/// Bold letters are up to an eighth wider than others; bold digits are not.
const BOLD_SPACE: i32 = 8;
const SPACE: i32 = 9;
const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Gray,
    /// Smaller and gray.
    Small,
    Bold,
    /// Larger and bold.
    Title,
    /// As large, and neither bold nor black.
    Subtitle,
}

/// A text in a row.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: Vec<u8>,
    /// Where it begins, or ends.
    x: i32,
    /// Where it must end; none of those that end at `x`.
    until: Option<i32>,
    style: Style,
}

/// Cells beside each other.
#[derive(Debug, Clone)]
pub(super) struct Row {
    cells: Vec<Cell>,
    is_total: bool,
}

/// The pages.
pub(super) struct Sheet {
    pages: Vec<Content>,
    page: Content,
    y: i32,
    /// What stands above each page but the first, and below each.
    issuer: String,
    number: String,
    /// What is written again above rows that go on on the next page.
    header: Vec<Cell>,
}

impl Style {
    const fn size(self) -> i32 {
        match self {
            Self::Plain | Self::Gray | Self::Bold => 90,
            Self::Small => 70,
            Self::Title | Self::Subtitle => 160,
        }
    }

    const fn font(self) -> Name<'static> {
        match self {
            Self::Bold | Self::Title => BOLD,
            Self::Plain | Self::Gray | Self::Small | Self::Subtitle => PLAIN,
        }
    }

    const fn gray(self) -> f32 {
        match self {
            Self::Gray | Self::Small | Self::Subtitle => 0.45,
            Self::Plain | Self::Bold | Self::Title => 0.0,
        }
    }
}

impl Cell {
    /// A text that begins at `x` and is cut at `until`.
    pub(super) fn left(x: i32, text: &str, until: i32) -> Self {
        Self { text: encoded(text), x, until: Some(until), style: Style::Plain }
    }

    /// A text that ends at `x`.
    pub(super) fn right(x: i32, text: &str) -> Self {
        Self { text: encoded(text), x, until: None, style: Style::Plain }
    }

    /// The same in gray.
    pub(super) fn gray(self) -> Self {
        self.style(Style::Gray)
    }

    /// The same in another style.
    pub(super) fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self { cells, is_total: false }
    }

    /// The same as what the rows above it come to.
    pub(super) fn total(mut self) -> Self {
        self.is_total = true;
        for cell in &mut self.cells {
            if cell.style == Style::Plain {
                cell.style = Style::Bold;
            }
        }
        self
    }
}

impl Sheet {
    /// An empty first page.
    pub(super) fn new(issuer: &str, number: &str) -> Self {
        Self {
            pages: Vec::new(),
            page: blank(),
            y: TOP,
            issuer: issuer.to_owned(),
            number: number.to_owned(),
            header: Vec::new(),
        }
    }

    /// What stands above everything.
    pub(super) fn title(&mut self, left: &str, right: &str) {
        let half = LEFT + 3_600;
        self.write(&Cell::left(LEFT, left, half).style(Style::Title));
        self.write(&Cell::right(RIGHT, right).style(Style::Subtitle));
        self.skip(100);
        self.rule(0.0);
        self.skip(200);
    }

    /// Begins a table. Its header comes again on each page that it goes on on.
    pub(super) fn section(&mut self, title: &str, header: Vec<Cell>) {
        self.header.clear();
        // A title is not left alone at the foot of a page.
        self.need(5 * LINE);
        self.skip(200);
        self.write(&Cell::left(LEFT, title, RIGHT - 900).style(Style::Bold));
        // What the header says of the first column is beside the title where there is one only.
        if header.len() > 1 {
            self.skip(LINE + 10);
        }
        self.header = header.into_iter().map(Cell::gray).collect();
        self.write_header();
    }

    /// A row, on the next page where this one is full.
    pub(super) fn row(&mut self, row: &Row) {
        self.need(if row.is_total { 2 * LINE } else { LINE });
        if row.is_total {
            self.y -= 65;
            self.rule(0.6);
            self.y += 95;
        }
        for cell in &row.cells {
            self.write(cell);
        }
        self.y += LINE;
    }

    /// A line in small print.
    pub(super) fn note(&mut self, text: &str) {
        self.header.clear();
        self.need(LINE);
        self.write(&Cell::left(LEFT, text, RIGHT).style(Style::Small));
        self.y += 100;
    }

    /// Leaves room.
    pub(super) fn skip(&mut self, height: i32) {
        self.y += height;
    }

    fn write_header(&mut self) {
        for cell in self.header.clone() {
            self.write(&cell);
        }
        self.y += 50;
        self.rule(0.6);
        self.y += 130;
    }

    fn need(&mut self, height: i32) {
        if self.y + height <= BOTTOM {
            return;
        }
        self.turn();
        let running = format!("{} \u{2013} {}", self.issuer, self.number);
        self.write(&Cell::left(LEFT, &running, RIGHT).gray());
        self.y += 250;
        if !self.header.is_empty() {
            self.write_header();
        }
    }

    fn turn(&mut self) {
        let full = std::mem::replace(&mut self.page, blank());
        self.pages.push(full);
        self.y = TOP;
    }

    fn write(&mut self, cell: &Cell) {
        let size = cell.style.size();
        let (text, x) = match cell.until {
            Some(until) => {
                let space = if cell.style.font() == BOLD { BOLD_SPACE } else { SPACE };
                let space = (until - cell.x).saturating_mul(space) / SPACE;
                (fitting(cell.text.clone(), size, space), cell.x)
            }
            None => (cell.text.clone(), cell.x - width(&cell.text, size)),
        };
        write(&mut self.page, (x, self.y), cell.style, &text);
    }

    fn rule(&mut self, gray: f32) {
        let y = place(HEIGHT - self.y);
        self.page.set_stroke_gray(gray).set_line_width(5.0);
        self.page.move_to(place(LEFT), y).line_to(place(RIGHT), y).stroke();
    }

    /// The document.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.turn();
        let total = self.pages.len();
        let mut pdf = Pdf::new();
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, plain, bold, information) =
            (fresh(), fresh(), fresh(), fresh(), fresh());
        pdf.catalog(catalog).pages(tree);
        let mut kids = Vec::with_capacity(total);
        for (index, mut page) in self.pages.into_iter().enumerate() {
            let numbered = format!("Page {} of {total}", index + 1);
            let y = HEIGHT - 420;
            let numbered = encoded(&numbered);
            let x = RIGHT - width(&numbered, Style::Small.size());
            write(&mut page, (x, y), Style::Small, &numbered);
            write(&mut page, (LEFT, y), Style::Small, &encoded(&self.number));
            let (id, contents) = (fresh(), fresh());
            kids.push(id);
            pdf.stream(contents, &page.finish());
            let mut page = pdf.page(id);
            page.media_box(Rect::new(0.0, 0.0, 595.3, 841.9)).parent(tree).contents(contents);
            page.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
            page.finish();
        }
        let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(kids).count(count);
        for (id, name) in [(plain, Name(b"Helvetica")), (bold, Name(b"Helvetica-Bold"))] {
            pdf.type1_font(id).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        let title = format!("{} {}", self.issuer, self.number);
        pdf.document_info(information).title(TextStr(&title)).producer(TextStr("Tollgate"));
        pdf.finish()
    }
}

/// A page on which a tenth of a point is one.
fn blank() -> Content {
    let mut page = Content::new();
    page.transform([0.1, 0.0, 0.0, 0.1, 0.0, 0.0]);
    page
}

fn write(page: &mut Content, (x, y): (i32, i32), style: Style, text: &[u8]) {
    page.set_fill_gray(style.gray()).begin_text().set_font(style.font(), place(style.size()));
    page.next_line(place(x), place(HEIGHT - y)).show(Str(text)).end_text();
}

/// A coordinate as PDF has it. All of them are within a page.
fn place(tenths: i32) -> f32 {
    f32::from(i16::try_from(tenths).unwrap_or(i16::MAX))
}
