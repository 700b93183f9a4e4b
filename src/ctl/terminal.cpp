// SPDX-License-Identifier: MIT
#include "ctl/terminal.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <utility>

#ifdef XSUPERD_HAVE_CURSES
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <sys/ioctl.h>
#endif

namespace xsuperd::ctl {

#ifdef XSUPERD_HAVE_CURSES

namespace {

constexpr int control(char letter) { return letter & 0x1f; }
constexpr int escape = 0x1b;

enum Pair : short { yellow = 1, red, green };

Key key_of(int code) {
  switch (code) {
    case ERR: return Key::none;
    case 'q':
    case 'Q': return Key::quit;
    case escape: return Key::back;
    case '\n':
    case '\r':
    case KEY_ENTER: return Key::enter;
    case '?': return Key::help;
    case '/': return Key::filter;
    case 0x7f:
    case control('H'):
    case KEY_BACKSPACE: return Key::erase;
    case ' ': return Key::now;
    case 'r': return Key::rate;
    case 'u': return Key::running;
    case 'f':
    case 'x': return Key::refused;
    case 'b': return Key::bytes;
    case 'n': return Key::name;
    case 'k':
    case KEY_UP: return Key::up;
    case 'j':
    case KEY_DOWN: return Key::down;
    case control('B'):
    case KEY_PPAGE: return Key::page_up;
    case control('F'):
    case KEY_NPAGE: return Key::page_down;
    case 'g':
    case KEY_HOME: return Key::home;
    case 'G':
    case KEY_END: return Key::end;
    case control('L'): return Key::redraw;
    default: return Key::other;
  }
}

/// Bytes of text as they are: a character above ASCII comes as several.
char letter_of(int code) { return code >= 0x20 && code <= 0xff && code != 0x7f ? static_cast<char>(code) : '\0'; }

/// Can the terminal put text where it is wanted?
bool moves_cursor() {
  const char* how = ::tigetstr("cup");
  return how && reinterpret_cast<std::intptr_t>(how) != -1;  // -1: the library takes it for no text at all
}

/// Rows and columns of the terminal; 0 where it does not say.
std::pair<int, int> window(int terminal) {
  winsize now{};
  if (::ioctl(terminal, TIOCGWINSZ, &now) != 0) return {0, 0};
  return {now.ws_row, now.ws_col};
}

/// ncurses has put handlers where there were none.
void forget_handlers() {
  for (const int signal : {SIGINT, SIGTERM, SIGTSTP, SIGWINCH})
    if (std::signal(signal, SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
}

class Curses final : public Terminal {
 public:
  Curses(SCREEN* screen, int out) : screen_(screen), out_(out) {
    ::cbreak();
    ::noecho();
    ::keypad(::stdscr, TRUE);
    ::nodelay(::stdscr, TRUE);
    ::set_escdelay(50);
    ::curs_set(0);
    const char* no_color = std::getenv("NO_COLOR");
    colours_ = (!no_color || *no_color == '\0') && ::has_colors();
    if (colours_) choose_colours();
    adapt();
  }
  ~Curses() override {
    ::endwin();
    ::delscreen(screen_);
  }
  Curses(const Curses&) = delete;
  Curses& operator=(const Curses&) = delete;

  int descriptor() const override { return STDIN_FILENO; }
  Press press() override {
    const int code = ::wgetch(::stdscr);
    return {key_of(code), letter_of(code)};
  }
  PageSize size() const override {
    const auto at_least_one = [](int n) { return static_cast<std::size_t>(n > 0 ? n : 1); };
    return {at_least_one(::getmaxx(::stdscr)), at_least_one(::getmaxy(::stdscr))};
  }

  void adapt() override {
    const auto [rows, columns] = window(out_);
    if (rows == 0 || columns == 0) return;
    if (::is_term_resized(rows, columns)) ::resizeterm(rows, columns);
    ::clearok(::curscr, TRUE);
  }

  void draw(const Page& page) override {
    ::werase(::stdscr);
    for (std::size_t y = 0; y < page.lines.size(); ++y) {
      ::wmove(::stdscr, static_cast<int>(y), 0);
      for (const Span& span : page.lines[y]) {
        ::wattrset(::stdscr, static_cast<int>(attribute(span.look)));
        ::waddnstr(::stdscr, span.text.data(), static_cast<int>(span.text.size()));
      }
    }
    ::wattrset(::stdscr, A_NORMAL);
    ::wrefresh(::stdscr);
  }

 private:
  static void choose_colours() {
    ::start_color();
    const bool own = ::use_default_colors() == OK;
    const short ground = own ? -1 : COLOR_BLACK;
    ::init_pair(yellow, COLOR_YELLOW, ground);
    ::init_pair(red, COLOR_RED, ground);
    ::init_pair(green, COLOR_GREEN, ground);
  }

  [[nodiscard]] chtype attribute(Look look) const {
    const auto coloured = [this](Pair pair) { return colours_ ? static_cast<chtype>(COLOR_PAIR(pair)) : A_NORMAL; };
    switch (look) {
      case Look::plain: return A_NORMAL;
      case Look::faint: return A_DIM;
      case Look::strong: return A_BOLD | coloured(green);
      case Look::title: return A_REVERSE;
      case Look::sorted_title: return A_REVERSE | A_BOLD | A_UNDERLINE;
      case Look::refusing: return coloured(yellow);
      case Look::failing: return A_BOLD | coloured(red);
      case Look::notice: return A_BOLD | coloured(red);
      case Look::marked: return A_REVERSE;
    }
    return A_NORMAL;
  }

  SCREEN* screen_;
  int out_;
  bool colours_ = false;
};

}  // namespace

base::Result<std::unique_ptr<Terminal>> Terminal::open(std::FILE* out) {
  const int fd = ::fileno(out);
  if (::isatty(fd) == 0) return base::Error{0, "standard output is not a terminal"};
  if (::isatty(STDIN_FILENO) == 0) return base::Error{0, "standard input is not a terminal"};
  SCREEN* screen = ::newterm(nullptr, out, stdin);
  if (!screen) return base::Error{0, "ncurses does not know the terminal in TERM"};
  if (moves_cursor()) return std::unique_ptr<Terminal>(std::make_unique<Curses>(screen, fd));
  ::endwin();
  ::delscreen(screen);
  forget_handlers();
  return base::Error{0, "the terminal in TERM cannot move its cursor"};
}

#else

base::Result<std::unique_ptr<Terminal>> Terminal::open(std::FILE*) {
  return base::Error{0, "xsuperctl was built without ncurses, which the live view needs"};
}

#endif

}  // namespace xsuperd::ctl
