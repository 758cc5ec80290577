// Built with: javac --release 11 -cp cloud-pubsub-emulator-0.8.20-all.jar InternalStatus.java
package io.grpc;

/** Stands in for grpc-java's class of this name, with every method the emulator's parts call. */
public final class InternalStatus {
  public static final Metadata.Key<Status> CODE_KEY = Status.CODE_KEY;
  public static final Metadata.Key<String> MESSAGE_KEY = Status.MESSAGE_KEY;

  private InternalStatus() {}

  public static StatusRuntimeException asRuntimeException(Status status, Metadata trailers) {
    return new StatusRuntimeException(status, trailers);
  }

  public static StatusRuntimeException asRuntimeException(
      Status status, Metadata trailers, boolean fillInStackTrace) {
    return asRuntimeException(status, trailers);
  }

  public static StatusRuntimeException asRuntimeExceptionWithoutStacktrace(
      Status status, Metadata trailers) {
    return asRuntimeException(status, trailers);
  }
}
