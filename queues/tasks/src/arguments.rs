//! Arguments: typed in the program, `[args, kwargs]` on the wire.
//!
//! A tuple or list is sent by position, a struct by name. On receipt, a tuple takes the positional
//! arguments. A struct takes the positional ones for its first fields and the named ones for the
//! others, as Python binds a call:
//!
//! ```text
//! struct Resize { path: String, width: u32 }      resize("a.png", width=90)  ─▶  Resize { path: "a.png", width: 90 }
//! (String, u32)                                   resize("a.png", 90)        ─▶  ("a.png", 90)
//! ()                                              resize()                   ─▶  ()
//! ```

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::{Serialize, forward_to_deserialize_any};
use serde_json::{Map, Value};

use crate::error::Error;

/// Splits the arguments that a program sends.
pub(crate) fn to_arguments(
    args: &impl Serialize,
) -> Result<(Vec<Value>, Map<String, Value>), Error> {
    let value = serde_json::to_value(args).map_err(|error| {
        Error::Arguments(format!("the arguments cannot be written as JSON: {error}"))
    })?;
    match value {
        Value::Null => Ok((Vec::new(), Map::new())),
        Value::Array(args) => Ok((args, Map::new())),
        Value::Object(kwargs) => Ok((Vec::new(), kwargs)),
        other => Err(Error::Arguments(format!(
            "arguments are a tuple, a list or a struct, not {other}: write ({other},)"
        ))),
    }
}

/// Binds received arguments to the type that a task takes.
pub(crate) fn from_arguments<A: DeserializeOwned>(
    args: &[Value],
    kwargs: &Map<String, Value>,
) -> Result<A, String> {
    A::deserialize(Arguments { args, kwargs }).map_err(|error| error.to_string())
}

struct Arguments<'a> {
    args: &'a [Value],
    kwargs: &'a Map<String, Value>,
}

type Fault = serde_json::Error;

impl<'de> Arguments<'de> {
    /// Only positional arguments.
    fn positional(self) -> Result<&'de [Value], Fault> {
        match self.kwargs.keys().next() {
            None => Ok(self.args),
            Some(name) => Err(Fault::custom(format!(
                "it takes arguments by position only, and got {name:?} by name"
            ))),
        }
    }

    fn sequence<V: Visitor<'de>>(self, expected: usize, visitor: V) -> Result<V::Value, Fault> {
        let args = self.positional()?;
        if args.len() != expected {
            return Err(Fault::custom(format!(
                "it takes {expected} arguments and got {}",
                args.len()
            )));
        }
        let mut sequence = SeqDeserializer::new(args.iter());
        visitor.visit_seq(&mut sequence)
    }
}

impl<'de> Deserializer<'de> for Arguments<'de> {
    type Error = Fault;

    /// A type that takes anything: a list, or a map if it has names.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.args.is_empty() && !self.kwargs.is_empty() {
            return visitor.visit_map(named(self.kwargs));
        }
        visitor.visit_seq(SeqDeserializer::new(self.positional()?.iter()))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.positional()?.len() {
            0 => visitor.visit_unit(),
            n => Err(Fault::custom(format!("it takes no arguments and got {n}"))),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, n: usize, visitor: V) -> Result<V::Value, Fault> {
        self.sequence(n, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        n: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.sequence(n, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Self { args, kwargs } = self;
        if args.len() > fields.len() {
            return Err(Fault::custom(format!(
                "it takes at most {} arguments and got {}",
                fields.len(),
                args.len()
            )));
        }
        let by_position = &fields[..args.len()];
        for name in kwargs.keys().map(String::as_str) {
            if by_position.contains(&name) {
                return Err(Fault::custom(format!("it got {name:?} by position and by name")));
            }
            if !fields.contains(&name) {
                return Err(Fault::custom(format!("it takes no argument of the name {name:?}")));
            }
        }
        let by_name = kwargs.iter().map(|(name, value)| (name.as_str(), value));
        let all = by_position.iter().copied().zip(args).chain(by_name);
        visitor.visit_map(MapDeserializer::new(all))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if !self.args.is_empty() {
            return Err(Fault::custom("it takes arguments by name only"));
        }
        visitor.visit_map(named(self.kwargs))
    }

    /// An alias of another type takes the same as that type.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        seq enum identifier ignored_any
    }
}

/// The named arguments, as the map that serde expects.
fn named<'de>(
    kwargs: &'de Map<String, Value>,
) -> MapDeserializer<'de, impl Iterator<Item = (&'de str, &'de Value)>, Fault> {
    MapDeserializer::new(kwargs.iter().map(|(name, value)| (name.as_str(), value)))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Resize {
        path: String,
        #[serde(default)]
        width: u32,
    }

    fn bind<A: DeserializeOwned>(args: Value, kwargs: Value) -> Result<A, String> {
        let (Value::Array(args), Value::Object(kwargs)) = (args, kwargs) else { panic!() };
        from_arguments(&args, &kwargs)
    }

    #[test]
    fn a_tuple_takes_arguments_by_position() {
        assert_eq!(bind(json!([1, "a"]), json!({})), Ok((1, "a".to_owned())));
        assert!(bind::<(i32,)>(json!([1, 2]), json!({})).unwrap_err().contains("takes 1"));
        assert!(bind::<(i32,)>(json!([]), json!({})).unwrap_err().contains("takes 1"));
        assert!(bind::<(i32,)>(json!([1]), json!({"x": 1})).unwrap_err().contains("\"x\""));
        assert!(bind::<(i32,)>(json!(["a"]), json!({})).unwrap_err().contains("\"a\""));
    }

    #[test]
    fn a_struct_binds_as_python_does() {
        let wanted = Ok(Resize { path: "a".into(), width: 9 });
        assert_eq!(bind(json!(["a", 9]), json!({})), wanted);
        assert_eq!(bind(json!(["a"]), json!({"width": 9})), wanted);
        assert_eq!(bind(json!([]), json!({"width": 9, "path": "a"})), wanted);
        assert_eq!(bind(json!(["a"]), json!({})), Ok(Resize { path: "a".into(), width: 0 }));
        let refused = |args, kwargs| bind::<Resize>(args, kwargs).unwrap_err();
        assert!(refused(json!(["a"]), json!({"path": "b"})).contains("by position and by name"));
        assert!(refused(json!(["a"]), json!({"hight": 1})).contains("hight"));
        assert!(refused(json!(["a", 1, 2]), json!({})).contains("at most 2"));
        assert!(refused(json!([]), json!({})).contains("path"));
    }

    #[test]
    fn other_shapes() {
        assert_eq!(bind(json!([]), json!({})), Ok(()));
        assert!(bind::<()>(json!([1]), json!({})).unwrap_err().contains("no arguments"));
        assert_eq!(bind(json!([1, 2, 3]), json!({})), Ok(vec![1, 2, 3]));
        assert_eq!(bind::<Value>(json!([1]), json!({})), Ok(json!([1])));
        assert_eq!(bind::<Value>(json!([]), json!({"a": 1})), Ok(json!({"a": 1})));
    }

    #[test]
    fn what_is_sent() {
        assert_eq!(to_arguments(&(1, "a")).unwrap().0, [json!(1), json!("a")]);
        assert_eq!(to_arguments(&()).unwrap(), (vec![], Map::new()));
        let (args, kwargs) = to_arguments(&Resize { path: "a".into(), width: 1 }).unwrap();
        assert!(args.is_empty() && kwargs["width"] == 1);
        assert!(to_arguments(&7).unwrap_err().to_string().contains("write (7,)"));
    }
}
