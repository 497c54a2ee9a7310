//! Pictures for the fictional accounts, painted from a number: the same number gives the same bytes.

use image::{ImageFormat, Rgb, RgbImage};

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// A lake.
    Lake,
    /// A harbour: water with houses behind it.
    Harbour,
    /// A forest.
    Forest,
    /// A square with red houses.
    Square,
    /// Snow.
    Winter,
    /// A coat of arms, for profile pictures.
    Arms,
}

impl Scene {
    /// The scene by its name in the content files.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sjo" => Self::Lake,
            "hamn" => Self::Harbour,
            "skog" => Self::Forest,
            "torg" => Self::Square,
            "vinter" => Self::Winter,
            "vapen" => Self::Arms,
            _ => return None,
        })
    }
}

type Colour = [u8; 3];

const RED: Colour = [156, 43, 32];
const WHITE: Colour = [245, 243, 238];

/// A pseudo-random sequence (xorshift32); good enough for hills and trees.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % below.max(1)
    }
}

/// Paints a scene as PNG, `width` × `height` pixels.
pub(crate) fn png(
    scene: Scene,
    number: u32,
    (width, height): (u32, u32),
) -> Result<Vec<u8>, image::ImageError> {
    let mut canvas = Canvas {
        image: RgbImage::new(width, height),
        dice: Dice(number.wrapping_mul(2_654_435_761) | 1),
    };
    if scene == Scene::Arms {
        canvas.arms(number);
    } else {
        canvas.landscape(scene);
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    canvas.image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

struct Canvas {
    image: RgbImage,
    dice: Dice,
}

impl Canvas {
    fn rectangle(&mut self, (left, top): (u32, u32), (width, height): (u32, u32), colour: Colour) {
        for y in top..(top + height).min(self.image.height()) {
            for x in left..(left + width).min(self.image.width()) {
                self.image.put_pixel(x, y, Rgb(colour));
            }
        }
    }

    /// A vertical gradient over the whole picture.
    fn sky(&mut self, top: Colour, bottom: Colour) {
        let height = self.image.height();
        for y in 0..height {
            let blend = |one: u8, other: u8| {
                let mixed = (u32::from(one) * (height - y) + u32::from(other) * y) / height;
                u8::try_from(mixed).unwrap_or(u8::MAX)
            };
            let colour = [
                blend(top[0], bottom[0]),
                blend(top[1], bottom[1]),
                blend(top[2], bottom[2]),
            ];
            for x in 0..self.image.width() {
                self.image.put_pixel(x, y, Rgb(colour));
            }
        }
    }

    fn disc(&mut self, (x, y): (u32, u32), radius: u32, colour: Colour) {
        for row in y.saturating_sub(radius)..(y + radius).min(self.image.height()) {
            for column in x.saturating_sub(radius)..(x + radius).min(self.image.width()) {
                if column.abs_diff(x).pow(2) + row.abs_diff(y).pow(2) < radius * radius {
                    self.image.put_pixel(column, row, Rgb(colour));
                }
            }
        }
    }

    /// Hills whose tops lie about `level` pixels from the top.
    fn hills(&mut self, level: u32, colour: Colour) {
        let (width, height) = self.image.dimensions();
        let step = (width / 6).max(1);
        let mut from = level + self.dice.roll(height / 8);
        let mut to = level + self.dice.roll(height / 8);
        for x in 0..width {
            if x % step == 0 {
                from = to;
                to = level + self.dice.roll(height / 8);
            }
            let part = x % step;
            let top = (from * (step - part) + to * part) / step;
            self.rectangle((x, top), (1, height), colour);
        }
    }

    /// A spruce that stands on `foot`.
    fn spruce(&mut self, (x, foot): (u32, u32), size: u32, colour: Colour) {
        for row in 0..size {
            let half = (row * 2 / 5).max(1);
            let top = (foot + row).saturating_sub(size);
            self.rectangle((x.saturating_sub(half), top), (half * 2, 1), colour);
        }
    }

    fn house(&mut self, (x, foot): (u32, u32), size: u32, roof: Colour) {
        let top = foot.saturating_sub(size);
        for row in 0..size / 2 {
            let half = row + size / 6;
            self.rectangle(
                (
                    (x + size / 2).saturating_sub(half),
                    top + row - (size / 2).min(top + row),
                ),
                (half * 2, 1),
                roof,
            );
        }
        self.rectangle((x, top), (size, size), RED);
        self.rectangle((x, top), (size / 16 + 1, size), WHITE);
        self.rectangle(
            (x + size - size / 16 - 1, top),
            (size / 16 + 1, size),
            WHITE,
        );
        for column in 0..2 {
            let left = x + size / 6 + column * size / 2;
            self.rectangle((left, top + size / 4), (size / 5, size / 4), WHITE);
        }
    }

    fn landscape(&mut self, scene: Scene) {
        let (width, height) = self.image.dimensions();
        let winter = scene == Scene::Winter;
        if winter {
            self.sky([150, 176, 208], [240, 236, 232]);
        } else {
            self.sky([92, 158, 214], [232, 240, 244]);
        }
        let sun = (width / 8 + self.dice.roll(width * 3 / 4), height / 5);
        self.disc(sun, height / 12, [255, 232, 160]);
        let (far, near, tree) = if winter {
            ([205, 215, 228], [244, 246, 250], [52, 78, 70])
        } else {
            ([120, 158, 132], [88, 138, 74], [34, 84, 52])
        };
        self.hills(height * 2 / 5, far);
        if matches!(scene, Scene::Lake | Scene::Harbour) {
            self.rectangle((0, height * 11 / 20), (width, height), [62, 118, 158]);
            for line in 0..12 {
                let y = height * 11 / 20 + 6 + line * height / 30;
                let x = self.dice.roll(width);
                self.rectangle((x, y), (width / 5, 2), [142, 186, 212]);
            }
            if scene == Scene::Harbour {
                self.row_of_houses(height * 11 / 20, height / 7);
            }
            self.rectangle(
                (width / 3, height * 4 / 5),
                (width / 40, height),
                [120, 92, 62],
            );
            self.rectangle(
                (width / 3, height * 4 / 5),
                (width / 2, height / 40),
                [150, 118, 82],
            );
            return;
        }
        self.hills(height * 11 / 20, near);
        for index in 0..(if scene == Scene::Forest { 44 } else { 12 }) {
            let foot = height * 3 / 5 + index * height / 120 + self.dice.roll(height / 8);
            let size = height / 8 + self.dice.roll(height / 4);
            let x = self.dice.roll(width);
            self.spruce((x, foot), size, tree);
        }
        if scene != Scene::Forest {
            self.row_of_houses(height * 7 / 8, height / 5);
        }
    }

    fn row_of_houses(&mut self, foot: u32, size: u32) {
        let mut x = size / 2 + self.dice.roll(size);
        while x + size < self.image.width() {
            let this = size * 3 / 4 + self.dice.roll(size / 3);
            self.house((x, foot), this, [70, 66, 64]);
            x += size * 3 / 2 + self.dice.roll(size);
        }
    }

    /// Number 1 is the old coat of arms, any other the new one.
    fn arms(&mut self, number: u32) {
        let (width, height) = self.image.dimensions();
        let (field, figure) = if number == 1 {
            ([0, 84, 140], [250, 205, 60])
        } else {
            ([18, 94, 62], WHITE)
        };
        self.sky(WHITE, WHITE);
        self.disc((width / 2, height / 2), width * 9 / 20, field);
        self.spruce((width / 2, height * 7 / 10), height / 2, figure);
        self.rectangle(
            (width / 5, height * 3 / 4),
            (width * 3 / 5, height / 20),
            figure,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_bytes_and_another_another_picture() {
        let paint = |number| png(Scene::Square, number, (160, 90)).unwrap();
        assert_eq!(paint(7), paint(7));
        assert_ne!(paint(7), paint(8));
    }

    #[test]
    fn no_scene_is_blank() {
        for name in ["sjo", "hamn", "skog", "torg", "vinter", "vapen"] {
            let bytes = png(Scene::named(name).unwrap(), 3, (64, 36)).unwrap();
            let image = image::load_from_memory(&bytes).unwrap().to_rgb8();
            let colours: std::collections::BTreeSet<[u8; 3]> =
                image.pixels().map(|pixel| pixel.0).collect();
            assert!(colours.len() >= 2, "{name}");
        }
    }
}
